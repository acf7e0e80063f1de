"""The core of codemem: events, queue, flush, retrieval, packs and the command line."""

from codemem_core._version import __version__

__all__ = ["__version__"]
