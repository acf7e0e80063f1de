"""What people write, correct and forget, as opposed to what an observer distils.

All of it is in the journal and can be undone. `by` says where they did it: `cli`, `viewer`, `mcp`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import apsw

from codemem_core.distil.reconcile import judge
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import KINDS, Memory, NewMemory
from codemem_core.redact import redact, strip_private
from codemem_core.store import journal, memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.tokenize import tags_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wants remembered."""

    kind: str
    title: str
    body: str
    origin: str
    """`user` when a person wrote it, `assistant` when a model did."""
    tags: tuple[str, ...] = ()
    confidence: float = 0.9
    extractor: str = "manual"
    key: str = ""
    """Given twice, it is written once; without one, each is a note of its own."""


T = TypeVar("T")


def remember(
    store: Store, note: Note, *, project: str | None, cwd: str | None, by: str = "cli"
) -> int:
    """Write a note as a memory, in a session of its own, and return its id.

    What it takes back of earlier memories is outdated by it. Private parts and secrets are left out
    as they are of what hosts send. Raises `InputError` for
    an unknown kind or when nothing is left of title or body.
    """
    new = _memory_of(note)

    def write(db: apsw.Connection, now_ms: int) -> int:
        written = memories.id_of(db, new.key)
        if written is not None:
            return written
        session = sessions.by_hand(db, project=project, cwd=cwd, now_ms=now_ms)
        judged = judge(db, new, session_id=session, batch=None, now_ms=now_ms)
        memory_id = memories.add(db, new, session_id=session, now_ms=now_ms)
        assert memory_id is not None  # its key is not there
        for older in judged.takes_back:
            memories.outdate(db, older, by=memory_id)
        return memory_id

    return _recorded(store, f"remember `{new.title:.60}`", write, by=by)


def _recorded(
    store: Store, label: str, change: Callable[[apsw.Connection, int], T], *, by: str
) -> T:
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> T:
        with journal.recorded(db, label, by=by, now_ms=now_ms):
            return change(db, now_ms)

    return store.write(write)


def _memory_of(note: Note) -> NewMemory:
    kind = note.kind.strip().lower()
    if kind not in KINDS:
        hint = "use `decision`" if kind == "project" else f"use one of {', '.join(KINDS)}"
        raise InputError(f"unknown kind of memory: `{note.kind}`", hint=hint)
    title, body = _clean(note.title, note.body)
    return NewMemory(
        key=f"{note.extractor}-{note.key or secrets.token_hex(16)}",
        kind=kind,
        title=title,
        body=body,
        origin=note.origin,
        tags=tags_of(kind, note.tags, ()),
        confidence=min(max(note.confidence, 0.0), 1.0),
        extractor=note.extractor,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a memory should say."""

    title: str
    body: str
    narrative: str = ""
    facts: Sequence[str] = ()


def corrected(correction: Correction) -> dict[str, Any]:
    """Return a correction as `memories.edit` takes it, without private parts and secrets.

    What is not given is emptied: a secret that somebody takes out of the text must not live on in
    the narrative, in a fact or in the search index. Raises `InputError`.
    """
    title, body = _clean(correction.title, correction.body)
    more, _ = redact({"narrative": correction.narrative, "facts": list(correction.facts)})
    return {"title": title, "body": body, **more}


def change(
    store: Store, memory_id: int, changes: Mapping[str, Any], *, by: str, label: str = "edit"
) -> Memory:
    """Set fields of a memory, as `memories.edit` has them, and return it as it was before.

    `label` is what one calls it: edit, pin, confirm. Raises `NotFound`.
    """

    def write(db: apsw.Connection, now_ms: int) -> Memory | None:
        return memories.edit(db, memory_id, changes, now_ms=now_ms)

    before = _recorded(store, f"{label} memory {memory_id}", write, by=by)
    if before is None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem recent` lists ids")
    return before


def forget(store: Store, memory_id: int, *, by: str) -> bool:
    """Take a memory out of lists, search and packs; say whether it was in them."""
    return _recorded(
        store,
        f"forget memory {memory_id}",
        lambda db, now_ms: memories.forget(db, memory_id, now_ms=now_ms),
        by=by,
    )


def _clean(title: str, body: str) -> tuple[str, str]:
    clean, _ = redact(strip_private({"title": title, "body": body}))
    title, body = clean["title"].strip(), clean["body"].strip()
    if not title or not body:
        raise InputError("a memory needs a title and a body")
    return title, body
