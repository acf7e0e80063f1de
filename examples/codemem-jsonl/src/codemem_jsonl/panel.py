"""A panel of the viewer: the sessions that came from logs."""

import asyncio
from typing import Any

from litestar import get
from litestar.di import NamedDependency

from codemem_core.store.engine.store import Store

_SESSIONS = """
    SELECT stream_id, project, last_received_seq + 1, last_received_seq - last_flushed_seq
      FROM streams WHERE source = 'jsonl'
     ORDER BY last_received_ms DESC LIMIT 50
"""


@get("/api/jsonl")
async def sessions(store: NamedDependency[Store]) -> dict[str, Any]:
    """Return the newest sessions, with how many events each has and how many wait."""
    return {"items": await asyncio.to_thread(_read, store)}


def _read(store: Store) -> list[dict[str, Any]]:
    names = ("session", "project", "events", "pending")
    with store.read() as db:
        return [dict(zip(names, row, strict=True)) for row in db.execute(_SESSIONS).fetchall()]
