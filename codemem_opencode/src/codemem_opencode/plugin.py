"""What OpenCode adds to codemem."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import FlushPolicy, IngestSource


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Understand the events of OpenCode's plugin, bus and hooks."""
    yield IngestSource(
        name="opencode", target="codemem_opencode.events:OpenCode", help="OpenCode sessions."
    )


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """The end of a session, and much that has gathered."""
    yield FlushPolicy(
        name="opencode_boundary",
        target="codemem_opencode.policies:Boundary",
        help="Flush an OpenCode session when it ends or fails.",
    )
    yield FlushPolicy(
        name="opencode_thresholds",
        target="codemem_opencode.policies:Thresholds",
        help="Flush an OpenCode session after 50 tools, 15 prompts or 10 minutes.",
    )
