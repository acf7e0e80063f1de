"""Memories: lists of them, and one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter

from codemem_core.errors import InputError
from codemem_core.records.memory import OBSERVED_KINDS, Memory
from codemem_core.store import memories
from codemem_core.store.engine.store import Store
from codemem_core.store.memories import Filter
from codemem_viewer.legacy_json import memory_item

Limit = Annotated[int, QueryParameter(ge=1, le=500)]
Offset = Annotated[int, QueryParameter(ge=0, le=10_000)]
Scope = Annotated[str, QueryParameter(name="scope", description="all, mine, theirs or shared")]
Id = Annotated[int, PathParameter(ge=1, le=(1 << 63) - 1)]
_SCOPES = frozenset({"all", "mine", "theirs", "shared"})


@get(["/api/memories", "/api/observations"], sync_to_thread=True)
def observations(  # noqa: PLR0913, PLR0917 - one parameter a query field
    store: NamedDependency[Store],
    limit: Limit = 20,
    offset: Offset = 0,
    project: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    whose: Scope = "all",
) -> dict[str, Any]:
    """List what was observed (or one kind), newest first, a page at a time."""
    wanted = Filter(kinds=(kind,) if kind else OBSERVED_KINDS, project=project or None)
    return _page(store, wanted, limit, offset, whose)


@get("/api/summaries", sync_to_thread=True)
def summaries(
    store: NamedDependency[Store],
    limit: Limit = 50,
    offset: Offset = 0,
    project: FromQuery[str] = "",
    whose: Scope = "all",
) -> dict[str, Any]:
    """List session summaries, newest first, a page at a time."""
    wanted = Filter(kinds=("session_summary",), project=project or None)
    return _page(store, wanted, limit, offset, whose)


@get("/api/memory", sync_to_thread=True)
def newest(
    store: NamedDependency[Store],
    limit: Limit = 20,
    kind: FromQuery[str] = "",
    project: FromQuery[str] = "",
    whose: Scope = "all",
) -> dict[str, Any]:
    """List memories of any kind, newest first."""
    wanted = Filter(kinds=(kind,) if kind else (), project=project or None)
    return {"items": _page(store, wanted, limit, 0, whose)["items"]}


@get("/api/memories/{memory_id:int}", sync_to_thread=True)
def one(store: NamedDependency[Store], memory_id: Id) -> Memory:
    """Return one memory, a forgotten one too."""
    with store.read() as db:
        return memories.existing(db, memory_id)


def _page(store: Store, wanted: Filter, limit: int, offset: int, whose: str) -> dict[str, Any]:
    scope = whose.lower()
    if scope not in _SCOPES:
        raise InputError("invalid_scope")
    wanted = replace(wanted, shared=True) if scope == "shared" else wanted
    found: list[Memory] = []
    # Nothing comes from anybody else: everything is the user's own.
    if scope != "theirs":
        with store.read() as db:
            found = memories.page(db, wanted, limit=offset + limit + 1)
    has_more = len(found) > offset + limit
    return {
        "items": [memory_item(memory) for memory in found[offset : offset + limit]],
        "pagination": {
            "limit": limit,
            "offset": offset,
            "next_offset": offset + limit if has_more else None,
            "has_more": has_more,
        },
    }


router = Router("/", route_handlers=[observations, summaries, newest, one], tags=["memories"])
