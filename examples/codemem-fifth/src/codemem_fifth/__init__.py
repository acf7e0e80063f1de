"""Fifth for codemem: a whole host on the public face alone."""
