"""Sightings: the same found out again, counted beside the memory that says it."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.retrieval.candidates import best_ids, scan_for
from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import query_terms

_TERMS = 8
"""Words of a memory that look for others like it: so many tell it apart, and bound the cost."""
_CANDIDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A session in which a memory was found out again."""

    key: str
    """Of the memory it would have been: counted once."""
    session_id: int
    batch: int | None
    at_ms: int
    """When, epoch milliseconds."""


def is_known(db: apsw.Connection, key: str) -> bool:
    """Say whether a memory with this key was written, or counted with another."""
    query = (
        "SELECT 1 FROM memories WHERE key = :key UNION ALL SELECT 1 FROM sightings WHERE key = :key"
    )
    return bool(rows(db, query, {"key": key}))


_NOTE = """
    INSERT INTO sightings (memory_id, key, session_id, batch, at_ms)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
"""


def note(db: apsw.Connection, memory_id: int, seen: Sighting) -> None:
    """Count that a memory was found out again."""
    db.execute(_NOTE, (memory_id, seen.key, seen.session_id, seen.batch, seen.at_ms))


def of_memory(db: apsw.Connection, memory_id: int) -> list[Sighting]:
    """Return when a memory was found out again, latest first; at most 100."""
    query = (
        "SELECT key, session_id, batch, at_ms FROM sightings WHERE memory_id = ?"
        " ORDER BY at_ms DESC, key LIMIT 100"
    )
    names = tuple(Sighting.__dataclass_fields__)
    return [Sighting(**dict(zip(names, row, strict=True))) for row in rows(db, query, (memory_id,))]


def candidates(db: apsw.Connection, text: str, *, kind: str, project: str | None) -> list[int]:
    """Return ids of the 20 memories of a kind and project whose words are most like `text`."""
    terms = sorted(query_terms(text), key=len, reverse=True)[:_TERMS]
    if not terms:
        return []
    scan = scan_for(db, terms)
    wanted = {"project": project, "kind": kind, "trusted": False, "limit": _CANDIDATES}
    return best_ids(db, scan, wanted)
