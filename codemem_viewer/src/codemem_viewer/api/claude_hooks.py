"""Claude Code's hooks, as Claude Code sends them."""

from __future__ import annotations

import asyncio

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.ingest.accept import Intake
from codemem_core.ingest.worker import FlushWorker
from codemem_core.store.store import Store
from codemem_viewer.acknowledge import append
from codemem_viewer.decode import json_object
from codemem_viewer.openapi import takes_schema

_BODY = takes_schema(
    {
        "type": "object",
        "description": "A payload of Claude Code, as its hooks get it on standard input.",
        "required": ["hook_event_name", "session_id"],
        "properties": {"hook_event_name": {"type": "string"}, "session_id": {"type": "string"}},
    }
)


@post("/api/claude-hooks", status_code=200, operation_class=_BODY)
async def receive(
    body: RawBody,
    store: NamedDependency[Store],
    intake: NamedDependency[Intake],
    worker: NamedDependency[FlushWorker],
) -> dict[str, int]:
    """Store one hook payload; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk.
    """
    event = await asyncio.to_thread(lambda: intake.hook("claude", json_object(body)))
    if event is None:
        return {"inserted": 0, "skipped": 1}
    appended = await append(store, [event])
    worker.notify()
    return {"inserted": appended.inserted, "skipped": 0}


router = Router("/", route_handlers=[receive], tags=["events"])
