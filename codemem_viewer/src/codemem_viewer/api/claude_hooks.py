"""Claude Code's hooks, as Claude Code sends them."""

from __future__ import annotations

import asyncio

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.capture.transcript_gaps import told_beside
from codemem_core.errors import InputError
from codemem_core.records.event import RawEvent
from codemem_core.store import ledger
from codemem_viewer.decode import json_object
from codemem_viewer.ingest_commit import Receiving
from codemem_viewer.openapi import takes_schema

_BODY = takes_schema(
    {
        "type": "object",
        "description": "A payload of Claude Code, as its hooks get it on standard input.",
        "required": ["hook_event_name", "session_id"],
        "properties": {"hook_event_name": {"type": "string"}, "session_id": {"type": "string"}},
    }
)

_ENDS = frozenset({"Stop", "SessionEnd"})


@post("/api/claude-hooks", status_code=200, operation_class=_BODY)
async def receive(body: RawBody, receiving: NamedDependency[Receiving]) -> dict[str, int]:
    """Store one hook payload; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk. What Claude Code's own transcript tells beside it is
    stored first, so that the end of a session stays the last event.
    """
    try:
        payload, event = await receiving.read(lambda: _read(body, receiving), body)
    except InputError:
        receiving.reject(lambda db, now_ms: ledger.count(db, "claude", rejected=1, now_ms=now_ms))
        raise
    if event is None:
        return {"inserted": 0, "skipped": 1}
    if payload.get("hook_event_name") in _ENDS:
        missed = await asyncio.to_thread(
            lambda: told_beside(receiving.store, receiving.intake, event, payload)
        )
        if missed:
            await receiving.append(missed)
    appended = await receiving.append([event])
    return {"inserted": appended.inserted, "skipped": 0}


def _read(body: bytes, receiving: Receiving) -> tuple[dict[str, object], RawEvent | None]:
    payload = json_object(body)
    return payload, receiving.intake.hook("claude", payload)


router = Router("/", route_handlers=[receive], tags=["events"])
