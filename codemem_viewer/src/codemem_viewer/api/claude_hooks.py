"""Claude Code's hooks, as Claude Code sends them."""

from __future__ import annotations

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.errors import InputError
from codemem_core.store import ledger
from codemem_viewer.acknowledge import Receiving
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
async def receive(body: RawBody, receiving: NamedDependency[Receiving]) -> dict[str, int]:
    """Store one hook payload; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk.
    """
    try:
        event = await receiving.read(
            lambda: receiving.intake.hook("claude", json_object(body)), body
        )
    except InputError:
        receiving.reject(lambda db, now_ms: ledger.count(db, "claude", rejected=1, now_ms=now_ms))
        raise
    if event is None:
        return {"inserted": 0, "skipped": 1}
    appended = await receiving.append([event])
    return {"inserted": appended.inserted, "skipped": 0}


router = Router("/", route_handlers=[receive], tags=["events"])
