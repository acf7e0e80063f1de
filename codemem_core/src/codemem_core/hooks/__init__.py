"""What the commands that a host's hooks run have in common: hand a payload over, give context."""
