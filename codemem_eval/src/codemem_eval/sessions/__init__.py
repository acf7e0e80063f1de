"""Replay recorded sessions and look at what memory would have been worth to them."""
