"""The records that travel between core and plugins."""
