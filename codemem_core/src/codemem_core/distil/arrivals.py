"""Memories that other machines made: they settle among those that are here, as new ones do."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.distil import forgotten
from codemem_core.distil.manual import forget_in
from codemem_core.distil.reconcile import settle
from codemem_core.records.event import StreamKey
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval import duplicates
from codemem_core.store import memories, sessions, tombstones


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A memory of another machine."""

    memory: NewMemory
    """Its key is the same on every machine; its origin `teammate`, unless this user wrote it."""
    source: str
    """The plugin that brought it; sessions show it as their host."""
    session: str
    """What tells its session from others of that source."""
    project: str | None
    restores: bool = False
    """Its author took back that it was forgotten: that holds here, too."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an arrival."""

    outcome: str
    """`added`, `merged` (one that is here says it already) or `forgotten` (somebody here had the
    statement forgotten)."""
    memory_id: int | None
    """The memory that says it now."""


def arrive(db: apsw.Connection, arrival: Arrival, *, now_ms: int) -> Settled:
    """Let a memory of another machine in by the way that new ones take; call it in a transaction.

    One that says the same as a memory of this machine supports it. What was forgotten here does
    not come back.
    """
    new = arrival.memory
    session_id = sessions.of_stream(
        db,
        StreamKey(arrival.source, arrival.session),
        project=arrival.project,
        cwd=None,
        started_ms=new.created_ms or now_ms,
    )
    if arrival.restores:
        forgotten.lift(db, forgotten.statement_of(new, project=arrival.project))
    settle(db, new, session_id=session_id, now_ms=now_ms)
    memory_id = memories.id_of(db, new.key)
    if memory_id is not None:
        return Settled("added", memory_id)
    twin = duplicates.twin_of(db, new.key)
    return Settled("merged", twin) if twin is not None else Settled("forgotten", None)


def forget(db: apsw.Connection, memory_id: int, *, now_ms: int) -> bool:
    """Forget a memory as a person here would; say whether it was in the lists."""
    return forget_in(db, memory_id, now_ms=now_ms)


def claim_hashes(db: apsw.Connection, memory_id: int, *, key: bytes) -> list[bytes]:
    """Return the telling words of a memory as hashes under a key that machines share."""
    memory = memories.existing(db, memory_id)
    words = forgotten.statement_of(memory, project=memory.project).words
    return tombstones.hashes(words, key)
