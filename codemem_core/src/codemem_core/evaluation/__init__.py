"""Measure retrieval on questions with known answers."""
