"""Provenance: which text of a session carries each sentence of a memory, and what may be told."""
