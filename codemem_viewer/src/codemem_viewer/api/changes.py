"""What a person may do with a memory, and taking it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any

import apsw
import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RawBody

from codemem_core.distil.manual import Correction, corrected, forget_in
from codemem_core.errors import InputError
from codemem_core.records.memory import Memory
from codemem_core.store import journal, memories
from codemem_core.store.engine.store import Store
from codemem_viewer.decode import body_of, json_object
from codemem_viewer.legacy_json import memory_item
from codemem_viewer.openapi import takes, takes_schema

Id = Annotated[int, PathParameter(ge=1, le=(1 << 63) - 1)]
_LARGEST = (1 << 63) - 1
_WHO = "viewer"
_VISIBILITY = takes_schema(
    {
        "type": "object",
        "required": ["memory_id", "visibility"],
        "properties": {
            "memory_id": {"type": "integer", "minimum": 1},
            "visibility": {"enum": ["private", "shared"]},
        },
    }
)


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


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """Several memories, by id."""

    ids: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)]], msgspec.Meta(max_length=500)
    ]


class PinMany(Many):
    """Whether they stay at the top."""

    pinned: bool = True


class ConfirmMany(Many):
    """Whether a person vouches for them."""

    confirmed: bool = True


@post("/api/memories/{memory_id:int}/edit", status_code=200, operation_class=takes(Text))
async def edit(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Rewrite a memory; `undo` in the answer is the request that takes it back."""
    text = body_of(Text, body)
    correction = Correction(
        title=text.title, body=text.body, narrative=text.narrative, facts=text.facts
    )
    return await _edit(store, memory_id, "edit", "Changed", corrected(correction))


@post("/api/memories/{memory_id:int}/pin", status_code=200, operation_class=takes(Pin))
async def pin(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Keep a memory at the top of the feed, or let it go."""
    pinned = body_of(Pin, body).pinned
    label, said = ("pin", "Pinned") if pinned else ("unpin", "Not pinned any more")
    return await _edit(store, memory_id, label, said, {"pinned": pinned})


@post("/api/memories/{memory_id:int}/confirm", status_code=200, operation_class=takes(Confirm))
async def confirm(body: RawBody, store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Vouch for a memory, so that it may be told unasked whatever its origin; or withdraw that."""
    confirmed = body_of(Confirm, body).confirmed
    label, said = ("confirm", "Confirmed") if confirmed else ("withdraw", "Not confirmed any more")
    return await _edit(store, memory_id, label, said, {"confirmed": confirmed})


@post("/api/memories/{memory_id:int}/forget", status_code=200)
async def forget(store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Take a memory out of lists, search and packs."""
    return await _change(
        store,
        memory_id,
        "forget",
        "Forgotten",
        lambda db, now_ms: forget_in(db, memory_id, now_ms=now_ms),
    )


@post("/api/memories/{memory_id:int}/restore", status_code=200)
async def restore(store: NamedDependency[Store], memory_id: Id) -> dict[str, Any]:
    """Take back that a memory was forgotten."""
    return await _change(
        store,
        memory_id,
        "restore",
        "Restored",
        lambda db, now_ms: memories.restore(db, memory_id, now_ms=now_ms),
    )


@post("/api/memories/many/pin", status_code=200, operation_class=takes(PinMany))
async def pin_many(body: RawBody, store: NamedDependency[Store]) -> dict[str, Any]:
    """Pin several memories, or unpin them, as one change."""
    asked = body_of(PinMany, body)
    label = "pin" if asked.pinned else "unpin"
    wanted = {"pinned": asked.pinned}
    return await _change_many(
        store, asked.ids, label, "Pinned" if asked.pinned else "Unpinned", _setting(wanted)
    )


@post("/api/memories/many/confirm", status_code=200, operation_class=takes(ConfirmMany))
async def confirm_many(body: RawBody, store: NamedDependency[Store]) -> dict[str, Any]:
    """Vouch for several memories, or withdraw that, as one change."""
    asked = body_of(ConfirmMany, body)
    label, said = (
        ("confirm", "Confirmed") if asked.confirmed else ("withdraw", "Not confirmed any more")
    )
    return await _change_many(
        store, asked.ids, label, said, _setting({"confirmed": asked.confirmed})
    )


@post("/api/memories/many/forget", status_code=200, operation_class=takes(Many))
async def forget_many(body: RawBody, store: NamedDependency[Store]) -> dict[str, Any]:
    """Take several memories out of lists, search and packs, as one change."""

    def forgotten(db: apsw.Connection, memory_id: int, now_ms: int) -> object:
        return forget_in(db, memory_id, now_ms=now_ms)

    return await _change_many(store, body_of(Many, body).ids, "forget", "Forgotten", forgotten)


@post("/api/memories/visibility", status_code=200, operation_class=_VISIBILITY)
async def visibility(body: RawBody, store: NamedDependency[Store]) -> dict[str, Any]:
    """Mark a memory as one to share, or as private: a mark, for nothing leaves this machine yet."""
    asked = json_object(body)
    memory_id, wanted = asked.get("memory_id"), asked.get("visibility")
    if isinstance(memory_id, str) and memory_id.isdecimal() and len(memory_id) < 20:
        memory_id = int(memory_id)
    if type(memory_id) is not int or not 0 < memory_id <= _LARGEST:
        raise InputError("memory_id must be int")
    if not isinstance(wanted, str) or wanted not in {"private", "shared"}:
        raise InputError("visibility must be private or shared")
    now = await asyncio.to_thread(_read, store, memory_id)
    metadata = {**now.metadata, "visibility": wanted}
    label = "share" if wanted == "shared" else "keep private"
    return await _edit(store, memory_id, label, f"Now {wanted}", {"metadata": metadata})


@post("/api/changes/{entry:int}/undo", status_code=200)
async def undo(
    store: NamedDependency[Store], entry: Annotated[int, PathParameter(ge=1, le=_LARGEST)]
) -> dict[str, Any]:
    """Take a change back, an undo too; 409 when something was changed since."""

    def write(db: apsw.Connection) -> tuple[str, int]:
        taken_back = journal.undo(db, entry, by=_WHO, now_ms=_now_ms())
        return taken_back.label, journal.entries(db)[0].id

    label, own = await asyncio.shield(asyncio.wrap_future(store.submit(write)))
    return {"said": f"Taken back: {label}", "undo": _undoing(own)}


async def _edit(
    store: Store, memory_id: int, label: str, said: str, wanted: dict[str, Any]
) -> dict[str, Any]:
    return await _change(
        store,
        memory_id,
        label,
        said,
        lambda db, now_ms: memories.edit(db, memory_id, wanted, now_ms=now_ms),
    )


async def _change(
    store: Store,
    memory_id: int,
    label: str,
    said: str,
    change: Callable[[apsw.Connection, int], object],
) -> dict[str, Any]:
    """Do it; say what was done, how the memory is now, and the request that takes it back.

    What was so already is done once more: the one who asks wants a state, not a change.
    """

    def write(db: apsw.Connection) -> tuple[int | None, Memory]:
        memories.existing(db, memory_id)
        now_ms = _now_ms()
        name = f"{label} memory {memory_id}"
        with journal.recorded(db, name, by=_WHO, now_ms=now_ms) as recording:
            change(db, now_ms)
        return recording.entry, memories.existing(db, memory_id)

    entry, now = await asyncio.shield(asyncio.wrap_future(store.submit(write)))
    return {"said": said, "item": memory_item(now), "undo": _undoing(entry)}


Each = Callable[[apsw.Connection, int, int], object]
"""Changes one memory: connection, id, now."""


def _setting(wanted: dict[str, Any]) -> Each:
    return lambda db, memory_id, now_ms: memories.edit(db, memory_id, wanted, now_ms=now_ms)


async def _change_many(
    store: Store, ids: list[int], label: str, said: str, change: Each
) -> dict[str, Any]:
    """Change several memories in one transaction that one undo takes back; all or none."""
    wanted = sorted(set(ids))
    if not wanted:
        raise InputError("ids required")

    def write(db: apsw.Connection) -> int | None:
        for memory_id in wanted:
            memories.existing(db, memory_id)
        now_ms = _now_ms()
        name = f"{label} {len(wanted)} memories"
        with journal.recorded(db, name, by=_WHO, now_ms=now_ms) as recording:
            for memory_id in wanted:
                change(db, memory_id, now_ms)
        return recording.entry

    entry = await asyncio.shield(asyncio.wrap_future(store.submit(write)))
    return {"said": f"{said}: {len(wanted)}", "undo": _undoing(entry)}


def _undoing(entry: int | None) -> dict[str, Any] | None:
    return None if entry is None else {"path": f"/api/changes/{entry}/undo", "body": {}}


def _read(store: Store, memory_id: int) -> Memory:
    with store.read() as db:
        return memories.existing(db, memory_id)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


router = Router(
    "/",
    route_handlers=[
        *(edit, pin, confirm, forget, restore, visibility, undo),
        *(pin_many, confirm_many, forget_many),
    ],
    tags=["memories"],
)
