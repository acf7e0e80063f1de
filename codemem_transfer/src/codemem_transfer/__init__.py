"""Exports, imports, and other tools' memories."""
