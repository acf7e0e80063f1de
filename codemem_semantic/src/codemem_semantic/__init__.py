"""A small embedding model on this machine."""
