"""Memories on their way to and from other databases, files and programs."""
