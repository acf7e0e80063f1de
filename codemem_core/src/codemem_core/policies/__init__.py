"""Flush policies the core ships."""
