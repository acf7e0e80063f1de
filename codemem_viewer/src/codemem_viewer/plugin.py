"""What the viewer offers: its routes and the command that serves them."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command, Route


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer the server."""
    yield Command(name="serve", target="codemem_viewer.serve:serve", help="Run the codemem server.")


@hookimpl
def codemem_viewer_routes() -> Iterator[Route]:
    """Offer the API."""
    yield Route(name="health", target="codemem_viewer.api.health:router")
    yield Route(name="raw-events", target="codemem_viewer.api.raw_events:router")
    yield Route(name="claude-hooks", target="codemem_viewer.api.claude_hooks:router")
    yield Route(name="pack", target="codemem_viewer.api.pack:router")
    yield Route(name="memories", target="codemem_viewer.api.memories:router")
    yield Route(name="stats", target="codemem_viewer.api.stats:router")
