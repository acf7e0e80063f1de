"""The core of codemem: events, queue, flush, retrieval and packs."""

from codemem_core._version import __version__

__all__ = ["__version__"]
