"""What the program prints for a person: lines, colours, pages."""
