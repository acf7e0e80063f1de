"""GitHub Copilot CLI for codemem: ingest source, hooks, history and setup."""
