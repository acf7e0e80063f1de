"""Sightings: the same found out again, counted beside the memory that says it."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.store.candidates import best_ids, scan_for
from codemem_core.store.connection import rows
from codemem_core.store.words import query_terms

_TERMS = 8
"""Words of a memory that look for others like it: so many tell it apart, and bound the cost."""
_CANDIDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A session in which a memory was found out again."""

    session_id: int
    at_ms: int
    """When, epoch milliseconds."""


def is_known(db: apsw.Connection, key: str) -> bool:
    """Say whether a memory with this key was written, or counted with another."""
    query = "SELECT 1 FROM memories WHERE key = :key UNION ALL SELECT 1 FROM sightings WHERE key = :key"
    return bool(rows(db, query, {"key": key}))


_NOTE = """
    INSERT INTO sightings (key, memory_id, session_id, batch, at_ms)
    VALUES (:key, :memory, :session, :batch, :at_ms) ON CONFLICT (key) DO NOTHING
"""


def note(
    db: apsw.Connection, memory_id: int, *, key: str, session_id: int, batch: int | None, at_ms: int
) -> None:
    """Count that a memory was found out again; the same key counts once."""
    fields = {"key": key, "memory": memory_id, "session": session_id, "batch": batch}
    db.execute(_NOTE, {**fields, "at_ms": at_ms})


def of_memory(db: apsw.Connection, memory_id: int) -> list[Sighting]:
    """Return when a memory was found out again, latest first; at most 100."""
    query = (
        "SELECT session_id, at_ms FROM sightings WHERE memory_id = ?"
        " ORDER BY at_ms DESC, key LIMIT 100"
    )
    return [Sighting(session_id=row[0], at_ms=row[1]) for row in rows(db, query, (memory_id,))]


def candidates(db: apsw.Connection, text: str, *, kind: str, project: str | None) -> list[int]:
    """Return ids of the 20 memories of a kind and project whose words are most like `text`."""
    terms = sorted(query_terms(text), key=len, reverse=True)[:_TERMS]
    if not terms:
        return []
    scan = scan_for(db, terms)
    wanted = {"project": project, "kind": kind, "trusted": False, "limit": _CANDIDATES}
    return best_ids(db, scan, wanted)
