"""Events come in; how many wait to be flushed."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, RawBody

from codemem_core._version import __version__
from codemem_core.config.settings import Settings
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_viewer.ingest_commit import Receiving
from codemem_viewer.openapi import takes_schema

FEATURES = ("raw_events", "claude_hooks", "pack_post", "stats")
"""What a client may count on beyond the documented keys; only ever grows."""
_TEXT = {"type": "string"}
_EVENT = {
    "type": "object",
    "required": ["event_type"],
    "properties": {
        **dict.fromkeys(("session_id", "stream_id", "session_stream_id", "event_id"), _TEXT),
        **dict.fromkeys(("event_type", "cwd", "project", "started_at"), _TEXT),
        "ts_wall_ms": {"type": "integer"},
        "ts_mono_ms": {"type": "number"},
        "payload": {"type": "object"},
    },
}
_MANY = {
    "type": "object",
    "required": ["events"],
    "properties": {"session_id": _TEXT, "events": {"type": "array", "items": _EVENT}},
}
_BODY = takes_schema({"anyOf": [_EVENT, _MANY]})


@post("/api/raw-events", status_code=200, operation_class=_BODY)
async def receive(body: RawBody, receiving: NamedDependency[Receiving]) -> dict[str, int]:
    """Store one event, or `{"events": […]}`; an event that is there already is not stored again.

    All are checked before any is stored. The answer comes when they are on disk.
    """
    received = await receiving.receive(body)
    return {"inserted": received.inserted, "received": received.inserted + received.duplicates}


@get("/api/raw-events", sync_to_thread=True)
def totals(store: NamedDependency[Store]) -> dict[str, int]:
    """Say how many streams have events that wait, and how many events that is."""
    with store.read() as db:
        sessions, pending = events.totals(db)
    return {"sessions": sessions, "pending": pending}


@get("/api/raw-events/status", sync_to_thread=True)
def status(
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 25,
) -> dict[str, Any]:
    """List streams with events that wait, newest first, and what this server can do."""
    with store.read() as db:
        waiting = events.backlog(db, limit=limit)
        sessions, pending = events.totals(db)
    return {
        "version": __version__,
        "features": FEATURES,
        "items": [_item(stream) for stream in waiting],
        "totals": {"sessions": sessions, "pending": pending},
        "ingest": {
            "available": True,
            "mode": "stream_queue",
            "max_body_bytes": settings.number("raw_events_max_body_bytes"),
        },
    }


def _item(stream: events.Backlog) -> dict[str, Any]:
    names = ("session_stream_id", "session_id", "opencode_session_id", "stream_id")
    return dict.fromkeys(names, stream.stream_id) | {
        "source": stream.source,
        "project": stream.project,
        "cwd": stream.cwd,
        "started_at": stream.started_at,
        "last_seen_ts_wall_ms": stream.last_event_ms,
        "last_flushed_event_seq": stream.last_flushed_seq,
        "max_seq": stream.last_received_seq,
        "pending": stream.pending,
        "batches": dict(stream.batches),
    }


router = Router("/", route_handlers=[receive, totals, status], tags=["events"])
