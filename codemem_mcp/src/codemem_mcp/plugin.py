"""What the MCP host adds to codemem."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command, Route


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer `codemem mcp`, which coding agents start as their memory server."""
    yield Command(
        name="mcp",
        target="codemem_mcp.command:mcp",
        help="Serve memories to a coding agent over MCP (stdio).",
        hidden=True,
    )


@hookimpl
def codemem_viewer_routes() -> Iterator[Route]:
    """Offer the server's answer to what `codemem mcp` relays."""
    yield Route(name="mcp", target="codemem_mcp.route:router")
