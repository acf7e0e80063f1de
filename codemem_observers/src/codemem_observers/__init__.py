"""Observer runtimes and auth sources for codemem."""
