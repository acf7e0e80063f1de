"""Claude Code's hooks, as Claude Code sends them."""

from __future__ import annotations

import asyncio

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.ingest.accept import Intake
from codemem_core.ingest.worker import FlushWorker
from codemem_core.records.events import RawEvent
from codemem_core.store.recorded import tool_uses
from codemem_core.store.store import Store
from codemem_viewer.acknowledge import append
from codemem_viewer.decode import json_object

_ENDS = frozenset({"Stop", "SessionEnd"})
TOOL_USES = 2000
"""Tool uses of a session that are looked at: more than fit into the part of a transcript read."""


@post("/api/claude-hooks", status_code=200)
async def receive(
    body: RawBody,
    store: NamedDependency[Store],
    intake: NamedDependency[Intake],
    worker: NamedDependency[FlushWorker],
) -> dict[str, int]:
    """Store one hook payload; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk. What Claude Code's own transcript tells beside it is
    stored first, so that the end of a session stays the last event.
    """
    event, missed = await asyncio.to_thread(lambda: _read(body, store, intake))
    if event is None:
        return {"inserted": 0, "skipped": 1}
    if missed:
        await append(store, missed)
    appended = await append(store, [event])
    worker.notify()
    return {"inserted": appended.inserted, "skipped": 0}


def _read(body: bytes, store: Store, intake: Intake) -> tuple[RawEvent | None, list[RawEvent]]:
    payload = json_object(body)
    event = intake.hook("claude", payload)
    if event is None or payload.get("hook_event_name") not in _ENDS:
        return event, []
    with store.read() as db:
        seen = tool_uses(db, "claude", event.stream_id, limit=TOOL_USES)
    return event, intake.missed("claude", payload, seen=seen)


router = Router("/", route_handlers=[receive], tags=["events"])
