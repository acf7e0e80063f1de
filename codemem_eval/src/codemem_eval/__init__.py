"""Measurements of search and packs on judged questions."""
