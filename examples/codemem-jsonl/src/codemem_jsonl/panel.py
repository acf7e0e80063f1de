"""A panel of the viewer: sessions from logs that are not memories yet."""

import asyncio
from typing import Any

from litestar import get
from litestar.di import NamedDependency

from codemem_core.api import Store, backlog


@get("/api/jsonl")
async def sessions(store: NamedDependency[Store]) -> dict[str, Any]:
    """Return the sessions that wait to become memories, newest first."""
    return {"items": await asyncio.to_thread(_read, store)}


def _read(store: Store) -> list[dict[str, Any]]:
    with store.read() as db:
        waiting = [each for each in backlog(db, limit=50) if each.source == "jsonl"]
    return [
        {"session": each.stream_id, "project": each.project, "pending": each.pending}
        for each in waiting
    ]
