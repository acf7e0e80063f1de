"""Find memories that are not worth their place: those that say nothing, those that are too old."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import apsw

from codemem_core.distil.low_signal import is_low_signal
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

PRUNED_KINDS = (
    "observation", "discovery", "change", "feature", "bugfix", "refactor", "decision", "note",
    "entities", "session_summary",
)  # fmt: skip
_PAGE = 1000
# What a person pinned or vouched for is worth its place whatever it says.
_PRUNABLE = """
    SELECT id, kind, title, body, narrative FROM memories
     WHERE id > :after AND active = 1 AND pinned = 0 AND confirmed = 0
       AND kind IN (SELECT value FROM json_each(:kinds))
       AND (:project IS NULL OR project = :project)
       AND (:before_ms IS NULL OR created_ms < :before_ms)
     ORDER BY id LIMIT :page
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A memory that could go."""

    id: int
    kind: str
    title: str


def low_signal(
    store: Store, kinds: Sequence[str], *, project: str | None = None, limit: int | None = None
) -> list[Found]:
    """Return memories whose title or text is nothing but a stock phrase, oldest first."""
    found = (
        Found(row[0], row[1], row[2])
        for row in _each(store, kinds, project, None)
        if is_low_signal(row[2]) or is_low_signal(row[4] or row[3])
    )
    return _first(found, limit)


def outdated(
    store: Store,
    kinds: Sequence[str],
    *,
    before_ms: int,
    project: str | None = None,
    limit: int | None = None,
) -> list[Found]:
    """Return memories of what happened before a moment, oldest id first."""
    found = (Found(row[0], row[1], row[2]) for row in _each(store, kinds, project, before_ms))
    return _first(found, limit)


def forget(db: apsw.Connection, found: Sequence[Found], *, now_ms: int) -> int:
    """Take memories out of search and packs; return how many there were to take out."""
    return sum(memories.forget(db, memory.id, now_ms=now_ms) for memory in found)


def _each(
    store: Store, kinds: Sequence[str], project: str | None, before_ms: int | None
) -> Iterator[tuple[int, str, str, str, str]]:
    wanted = {"kinds": json.dumps(list(kinds)), "project": project, "before_ms": before_ms}
    after = 0
    while True:
        with store.read() as db:
            page = rows(db, _PRUNABLE, {**wanted, "after": after, "page": _PAGE})
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _first(found: Iterator[Found], limit: int | None) -> list[Found]:
    return list(islice(found, limit))
