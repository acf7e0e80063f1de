"""Asking an observer: credentials, budget and prices."""
