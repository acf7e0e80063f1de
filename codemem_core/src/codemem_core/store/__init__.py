"""The database: the only package that opens it."""
