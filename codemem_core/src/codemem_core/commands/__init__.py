"""What a command needs: the host, common options, input and output."""
