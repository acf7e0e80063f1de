"""What people write and correct, as opposed to what an observer distils."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from codemem_core.errors import InputError
from codemem_core.records.memory import KINDS, NewMemory
from codemem_core.redact import redact, strip_private
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store
from codemem_core.store.words import tags_of


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


def remember(store: Store, note: Note, *, project: str | None, cwd: str | None) -> int:
    """Write a note as a memory, in a session of its own, and return its id.

    Private parts and secrets are left out as they are of what hosts send. Raises `InputError` for
    an unknown kind or when nothing is left of title or body.
    """
    new = _memory_of(note)
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> int | None:
        session = sessions.by_hand(db, project=project, cwd=cwd, now_ms=now_ms)
        return memories.add(db, new, session_id=session, now_ms=now_ms)

    memory_id = store.write(write)
    assert memory_id is not None  # its key is random
    return memory_id


def _memory_of(note: Note) -> NewMemory:
    kind = note.kind.strip().lower()
    if kind not in KINDS:
        hint = "use `decision`" if kind == "project" else f"use one of {', '.join(KINDS)}"
        raise InputError(f"unknown kind of memory: `{note.kind}`", hint=hint)
    title, body = _clean(note.title, note.body)
    return NewMemory(
        key=f"{note.extractor}-{secrets.token_hex(16)}",
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


def _clean(title: str, body: str) -> tuple[str, str]:
    clean, _ = redact(strip_private({"title": title, "body": body}))
    title, body = clean["title"].strip(), clean["body"].strip()
    if not title or not body:
        raise InputError("a memory needs a title and a body")
    return title, body
