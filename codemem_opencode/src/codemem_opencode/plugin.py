"""What OpenCode adds to codemem."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import IngestSource


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Understand the events of OpenCode's plugin, bus and hooks."""
    yield IngestSource(
        name="opencode", target="codemem_opencode.events:OpenCode", help="OpenCode sessions."
    )
