"""Model Context Protocol host for codemem."""
