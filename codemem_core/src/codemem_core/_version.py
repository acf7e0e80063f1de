"""The version, as a constant: reading it from the metadata costs 40 ms on every start."""

VERSION = "1.0.0"
