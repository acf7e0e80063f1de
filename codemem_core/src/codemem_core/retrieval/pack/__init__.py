"""From a prompt to the pack of memories it gets."""
