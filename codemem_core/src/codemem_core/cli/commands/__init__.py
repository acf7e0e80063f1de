"""The core's own commands, one module a topic."""
