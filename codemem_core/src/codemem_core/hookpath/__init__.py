"""What hook commands use in place of slower parts of the standard library."""
