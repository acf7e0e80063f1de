"""Memories: lists of them, one of them, and what a person may do with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import apsw
import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter, RawBody

from codemem_core.errors import InputError, NotFound
from codemem_core.ingest.by_hand import Correction, correct
from codemem_core.records.memory import OBSERVED_KINDS, Memory
from codemem_core.store import memories
from codemem_core.store.memories import Filter
from codemem_core.store.store import Store
from codemem_viewer.decode import body_of
from codemem_viewer.openapi import takes

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
        return _there(memories.get(db, memory_id), memory_id)


def _page(store: Store, wanted: Filter, limit: int, offset: int, whose: str) -> dict[str, Any]:
    if whose.lower() not in _SCOPES:
        raise InputError("invalid_scope")
    found: list[Memory] = []
    # Nothing is shared yet: everything is the user's own.
    if whose.lower() in {"all", "mine"}:
        with store.read() as db:
            found = memories.page(db, wanted, limit=offset + limit + 1)
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


class Text(msgspec.Struct, forbid_unknown_fields=True):
    """What a memory should say; what is left out is emptied."""

    title: str
    body: str
    narrative: str = ""
    facts: list[str] = []


class Pin(msgspec.Struct, forbid_unknown_fields=True):
    """Whether it stays at the top."""

    pinned: bool = True


class Confirm(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a person vouches for it."""

    confirmed: bool = True


@post("/api/memories/{memory_id:int}/edit", status_code=200, operation_class=takes(Text))
async def edit(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Rewrite a memory; `undo` in the answer is the request that takes it back."""
    text = body_of(Text, body)
    correction = Correction(
        title=text.title, body=text.body, narrative=text.narrative, facts=text.facts
    )
    before = await asyncio.to_thread(correct, store, memory_id, correction)
    old = {name: getattr(before, name) for name in ("title", "body", "narrative", "facts")}
    return await _done(store, memory_id, "Changed", "edit", old)


@post("/api/memories/{memory_id:int}/pin", status_code=200, operation_class=takes(Pin))
async def pin(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Keep a memory at the top of the feed, or let it go."""
    wanted = body_of(Pin, body).pinned
    await _mark(store, memory_id, {"pinned": wanted})
    said = "Pinned" if wanted else "Not pinned any more"
    return await _done(store, memory_id, said, "pin", {"pinned": not wanted})


@post("/api/memories/{memory_id:int}/confirm", status_code=200, operation_class=takes(Confirm))
async def confirm(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Vouch for a memory, so that it may be told unasked whatever its origin; or withdraw that."""
    wanted = body_of(Confirm, body).confirmed
    await _mark(store, memory_id, {"confirmed": wanted})
    said = "Confirmed" if wanted else "Not confirmed any more"
    return await _done(store, memory_id, said, "confirm", {"confirmed": not wanted})


@post("/api/memories/{memory_id:int}/forget", status_code=200)
async def forget(store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Take a memory out of lists, search and packs."""
    await _write(store, lambda db: memories.forget(db, memory_id, now_ms=_now_ms()))
    return await _done(store, memory_id, "Forgotten", "restore", {})


@post("/api/memories/{memory_id:int}/restore", status_code=200)
async def restore(store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Take back that a memory was forgotten."""
    await _write(store, lambda db: memories.restore(db, memory_id, now_ms=_now_ms()))
    return await _done(store, memory_id, "Restored", "forget", {})


async def _mark(store: Store, memory_id: int, changes: Mapping[str, Any]) -> None:
    await _write(store, lambda db: memories.edit(db, memory_id, changes, now_ms=_now_ms()))


async def _write(store: Store, change: Callable[[apsw.Connection], object]) -> None:
    await asyncio.shield(asyncio.wrap_future(store.submit(change)))


async def _done(
    store: Store, memory_id: int, said: str, undo: str, undo_body: Mapping[str, Any]
) -> dict[str, Any]:
    """Say what was done, how the memory is now, and the request that undoes it.

    What was so already is done once more: the one who asks wants a state, not a change.
    """
    item = await asyncio.to_thread(_read, store, memory_id)
    undoing = {"path": f"/api/memories/{memory_id}/{undo}", "body": undo_body}
    return {"said": said, "item": item, "undo": undoing}


def _read(store: Store, memory_id: int) -> Memory:
    with store.read() as db:
        return _there(memories.get(db, memory_id), memory_id)


def _there(memory: Memory | None, memory_id: int) -> Memory:
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`")
    return memory


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


router = Router(
    "/",
    route_handlers=[observations, summaries, newest, one, edit, pin, confirm, forget, restore],
    tags=["memories"],
)
