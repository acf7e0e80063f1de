"""Memories, newest first."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from codemem_core.store.memories import recent as newest
from codemem_core.store.store import Store


@get("/api/memories", sync_to_thread=True)
def recent(
    store: NamedDependency[Store],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 20,
    offset: Annotated[int, QueryParameter(ge=0, le=10_000)] = 0,
    project: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """List memories that are not forgotten, a page at a time."""
    with store.read() as db:
        found = newest(db, limit=offset + limit + 1, project=project or None, kind=kind or None)
    has_more = len(found) > offset + limit
    return {
        "items": found[offset : offset + limit],
        "pagination": {
            "limit": limit,
            "offset": offset,
            "next_offset": offset + limit if has_more else None,
            "has_more": has_more,
        },
    }


router = Router("/", route_handlers=[recent], tags=["memories"])
