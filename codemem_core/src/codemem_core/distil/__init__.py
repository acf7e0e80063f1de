"""From stored events to memories."""
