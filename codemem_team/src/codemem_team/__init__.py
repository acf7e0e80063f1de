"""Memories shared between machines and people, through PostgreSQL."""
