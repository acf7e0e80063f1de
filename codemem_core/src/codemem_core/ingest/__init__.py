"""From an accepted event to committed memories."""
