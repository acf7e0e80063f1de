"""Checks, and the repairs that need nobody's consent."""
