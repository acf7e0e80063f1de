"""What codemem-jsonl offers: a source, its policy, its command and a panel."""

import json
import os
from collections.abc import Iterator

from codemem_core.api import Command, FlushPolicy, IngestSource, Memory, Route, hookimpl

CODEMEM_API = 1

SOURCE = IngestSource(
    name="jsonl", target="codemem_jsonl.events:JsonLines", help="Agents that log JSON lines."
)
POLICY = FlushPolicy(
    name="jsonl_end", target="codemem_jsonl.policy:AtEnd", help="Flush when the log says `end`."
)
COMMAND = Command(
    name="jsonl-read", target="codemem_jsonl.command:read", help="Store what is new in a log."
)
PANEL = Route(name="jsonl", target="codemem_jsonl.panel:sessions", help="Sessions from logs.")


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """The log's lines."""
    yield SOURCE


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """The end of a session."""
    yield POLICY


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Reading a log."""
    yield COMMAND


@hookimpl
def codemem_viewer_routes() -> Iterator[Route]:
    """A panel."""
    yield PANEL


@hookimpl
def codemem_memory_saved(memory: Memory) -> None:
    """What was learned goes back into a log of JSON lines, when `CODEMEM_JSONL_SAVED` names one."""
    path = os.environ.get("CODEMEM_JSONL_SAVED")
    if path:
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps({"id": memory.id, "title": memory.title}) + "\n")
