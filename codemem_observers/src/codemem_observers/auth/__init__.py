"""Places where the observer's credential may be."""
