"""Is it codemem, and which: the one answer that needs no token."""

from __future__ import annotations

from litestar import Router, get

from codemem_core._version import __version__


@get("/api/health")
async def health() -> dict[str, str]:
    """Say name and version, and nothing else: anybody on this machine may ask."""
    return {"name": "codemem", "version": __version__}


router = Router("/", route_handlers=[health], tags=["health"])
