"""OpenCode for codemem: ingest source and plugin files."""
