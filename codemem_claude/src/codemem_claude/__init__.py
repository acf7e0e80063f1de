"""Claude Code for codemem: ingest source, hook commands and the marketplace plugin."""
