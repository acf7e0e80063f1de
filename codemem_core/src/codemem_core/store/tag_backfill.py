"""Memories without tags, as older programs and imports leave them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import tags_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScope:
    """Which of them."""

    limit: int | None = None
    since_ms: int = 0
    inactive: bool = False
    """Forgotten ones too."""
    project: str | None = None


_WANTED = """
      FROM memories
     WHERE tags = '' AND created_ms >= :since AND (active = 1 OR :inactive)
       AND (:project IS NULL OR project = :project)
     ORDER BY id LIMIT :limit
"""


def count(db: apsw.Connection, wanted: TagScope) -> int:
    """Return how many there are."""
    return len(rows(db, f"SELECT id {_WANTED}", _values(wanted)))


def fill(db: apsw.Connection, wanted: TagScope, *, now_ms: int) -> int:
    """Give each the tags of its kind, concepts and files; return how many got some."""
    query = f"SELECT id, kind, concepts, files_read, files_modified {_WANTED}"
    made = [
        (" ".join(tags_of(kind, json.loads(concepts), _files(read, modified))), now_ms, memory)
        for memory, kind, concepts, read, modified in rows(db, query, _values(wanted))
    ]
    db.executemany("UPDATE memories SET tags = ?, updated_ms = ? WHERE id = ?", made)
    return len(made)


def _files(read: str, modified: str) -> list[str]:
    return [*json.loads(modified), *json.loads(read)]


def _values(wanted: TagScope) -> dict[str, object]:
    limit = -1 if wanted.limit is None else wanted.limit
    named = {"since": wanted.since_ms, "inactive": wanted.inactive, "project": wanted.project}
    return {**named, "limit": limit}
