"""The pi coding agent for codemem."""
