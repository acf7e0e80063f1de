"""Gemini CLI for codemem: ingest source, extension, history and setup."""
