"""Sightings: the same found out again, counted beside the memory that says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from codemem_core.records.memory import Memory
from codemem_core.retrieval.candidates import best_ids, scan_for
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import query_terms

_TERMS = 12
"""Words of a memory that look for others like it: so many tell it apart, and bound the cost."""
_CANDIDATES = 20
_LEFT_OUT = frozenset({"session_summary", "preference"})


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


def twin_of(db: apsw.Connection, key: str) -> int | None:
    """Return the memory that one with this key was counted with, or None."""
    found = rows(db, "SELECT memory_id FROM sightings WHERE key = ?", (key,))
    return int(found[0][0]) if found else None


def of_memory(db: apsw.Connection, memory_id: int) -> list[Sighting]:
    """Return when a memory was found out again, latest first; at most 100."""
    query = (
        "SELECT key, session_id, batch, at_ms FROM sightings WHERE memory_id = ?"
        " ORDER BY at_ms DESC, key LIMIT 100"
    )
    names = tuple(Sighting.__dataclass_fields__)
    return [Sighting(**dict(zip(names, row, strict=True))) for row in rows(db, query, (memory_id,))]


def candidates(db: apsw.Connection, text: str, *, project: str | None) -> list[int]:
    """Return ids of the 20 memories of a project whose words are most like `text`."""
    terms = sorted(query_terms(text), key=len, reverse=True)[:_TERMS]
    return _most_alike(db, terms, project=project, limit=_CANDIDATES)


def nearest(
    db: apsw.Connection, text: str, *, project: str | None, limit: int = 10
) -> list[Memory]:
    """Return the memories of a project that a stretch of work may repeat or change, best first.

    `text` is what the work is about: its prompts and last words. Summaries and the user's rules
    are left out, and what a newer memory outdates.
    """
    found = _most_alike(db, query_terms(text), project=project, limit=3 * limit)
    known = [memory for one in found if (memory := memories.get(db, one)) is not None]
    return [one for one in known if one.kind not in _LEFT_OUT and one.outdated_by is None][:limit]


def _most_alike(
    db: apsw.Connection, terms: Sequence[str], *, project: str | None, limit: int
) -> list[int]:
    if not terms:
        return []
    wanted = {"project": project, "kind": None, "trusted": False, "limit": limit}
    return best_ids(db, scan_for(db, terms), wanted)
