"""Keeping the database small, tidy and free of what must not be in it."""
