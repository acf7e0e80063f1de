"""Codex CLI for codemem."""
