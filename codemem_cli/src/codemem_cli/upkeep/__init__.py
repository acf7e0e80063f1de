"""Pruning, merging, purging and measuring what is stored."""
