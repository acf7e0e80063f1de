"""The `codemem` program: its commands, health checks and upkeep."""
