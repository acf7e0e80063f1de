"""Commands that bring memories in and out."""
