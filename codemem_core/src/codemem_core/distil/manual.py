"""What people write, correct and forget, as opposed to what an observer distils.

All of it is in the journal and can be undone. `by` says where they did it: `cli`, `viewer`, `mcp`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import apsw

from codemem_core.distil import agent_notes, forgotten, verbatim
from codemem_core.distil.reconcile import judge
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import KINDS, Memory, NewMemory
from codemem_core.redact import redact, strip_private
from codemem_core.store import journal, memories, messages, proposals, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.exposure import Whereabouts
from codemem_core.store.tokenize import tags_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wants remembered."""

    kind: str
    title: str
    body: str
    origin: str
    """`user` when a person wrote it, `agent` when an agent did: then it may have to wait."""
    session: str = ""
    """The agent's session, as far as it is known."""
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
        if note.origin == "agent":
            place = Whereabouts(session=note.session, project=project, cwd=cwd)
            why = agent_notes.reason_to_wait(db, new, place, now_ms=now_ms)
            if forgotten.tombstones_of(db, forgotten.statement_of(new, project=project)):
                why = "an agent wrote it, and you had it forgotten"
            return _add_of_agent(db, new, why, session_id=session, now_ms=now_ms)
        forgotten.lift(db, forgotten.statement_of(new, project=project))
        judged = judge(db, new, session_id=session, batch=None, now_ms=now_ms)
        memory_id = memories.add(db, new, session_id=session, now_ms=now_ms)
        assert memory_id is not None  # its key is not there
        for older in judged.takes_back:
            memories.outdate(db, older, by=memory_id)
        return memory_id

    return _recorded(store, f"remember `{new.title:.60}`", write, by=by)


def _add_of_agent(
    db: apsw.Connection, new: NewMemory, why: str, *, session_id: int, now_ms: int
) -> int:
    """Write an agent's note; it takes back nothing that a person wrote, and waits if it must."""
    new = replace(new, held=bool(why))
    judged = judge(db, new, session_id=session_id, batch=None, now_ms=now_ms)
    memory_id = memories.add(db, new, session_id=session_id, now_ms=now_ms)
    assert memory_id is not None  # its key is not there
    if why:
        proposals.to_confirm(db, memory_id, reason=why, now_ms=now_ms)
        return memory_id
    for older in judged.takes_back:
        if not _is_a_persons(memories.existing(db, older)):
            memories.outdate(db, older, by=memory_id)
    return memory_id


def _is_a_persons(memory: Memory) -> bool:
    return memory.origin == "user" or memory.confirmed or memory.pinned


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
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem log` lists ids")
    return before


def forget(store: Store, *ids: int, by: str) -> bool:
    """Remove memories from lists, search and packs, as one change that one undo takes back.

    Returns whether any of them was there.
    """
    named = ", ".join(map(str, ids))
    return _recorded(
        store,
        f"forget memor{'y' if len(ids) == 1 else 'ies'} {named}",
        lambda db, now_ms: any([forget_in(db, each, now_ms=now_ms) for each in ids]),
        by=by,
    )


def forget_message(store: Store, message_id: int, *, by: str) -> bool:
    """Quote a message no more; say whether there was one to quote."""
    return _recorded(
        store,
        f"forget message e{message_id}",
        lambda db, _: messages.forget(db, message_id),
        by=by,
    )


def waits(store: Store, memory_id: int) -> bool:
    """Say whether a memory waits for a person before it may be injected."""
    with store.read() as db:
        memory = memories.existing(db, memory_id)
    return memory.held and not memory.confirmed


def forget_for_agent(store: Store, memory_id: int, *, by: str) -> bool:
    """Forget a memory that an agent no longer wants; say whether it is out of the lists now.

    What a person wrote, confirmed or pinned stays: that it be forgotten is proposed to them.
    Raises `NotFound`.
    """
    with store.read() as db:
        memory = memories.existing(db, memory_id)
    if not memory.active:
        return True
    if not _is_a_persons(memory):
        return forget(store, memory_id, by=by)
    now_ms = time.time_ns() // 1_000_000
    reason = "an agent wants it forgotten"
    store.write(lambda db: proposals.to_forget(db, memory_id, reason=reason, now_ms=now_ms))
    return False


def forget_in(db: apsw.Connection, memory_id: int, *, now_ms: int) -> bool:
    """Forget a memory, and leave a tombstone so that the same statement does not come back."""
    memory = memories.get(db, memory_id)
    if memory is None or not memories.forget(db, memory_id, now_ms=now_ms):
        return False
    forgotten.bury(db, memory, now_ms=now_ms)
    verbatim.hide(db, memory)
    return True


def _clean(title: str, body: str) -> tuple[str, str]:
    clean, _ = redact(strip_private({"title": title, "body": body}))
    title, body = clean["title"].strip(), clean["body"].strip()
    if not title or not body:
        raise InputError("a memory needs a title and a body")
    return title, body
