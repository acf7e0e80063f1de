"""Remembers what an agent writes into a JSON-lines log."""
