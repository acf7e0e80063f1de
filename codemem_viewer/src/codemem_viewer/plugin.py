"""What the viewer offers: its routes and the command that serves them."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import SERVICE, Command, Route


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer the server."""
    yield Command(
        name="serve",
        target="codemem_viewer.serve:serve",
        help="Start, stop and inspect the server.",
        group=SERVICE,
    )


_API = (
    *("batches", "changes", "config", "health", "hooks", "memories", "near", "pack"),
    *("raw_events", "sessions", "stats", "stream", "usage"),
)
_VIEWS = (
    *("feed", "health", "inspector", "memory", "plugins", "rules", "sessions", "settings"),
    "usage",
)


@hookimpl
def codemem_viewer_routes() -> Iterator[Route]:
    """Offer the frame, the pages and the API."""
    yield Route(name="frame", target="codemem_viewer.frame:router")
    for name in _VIEWS:
        yield Route(name=f"{name}-page", target=f"codemem_viewer.views.{name}_page:router")
    for name in _API:
        route = name.replace("_", "-")
        yield Route(name=route, target=f"codemem_viewer.api.{name}:router")
