"""Databases of codemem 0.19."""
