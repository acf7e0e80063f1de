"""Backups, checks and salvage of the database file."""
