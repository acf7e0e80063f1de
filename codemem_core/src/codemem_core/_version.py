"""The version; `codemem --version` prints it without asking the installed metadata."""

__version__ = "1.0.0"
PUBLISHED = False
"""Set by a release: only then is the package of this name and version on the index ours."""
