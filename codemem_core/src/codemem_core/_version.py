"""The version; `codemem --version` prints it without asking the installed metadata."""

__version__ = "1.0.0"
