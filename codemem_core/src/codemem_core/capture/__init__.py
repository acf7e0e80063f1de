"""From a host's payload to a stored event."""
