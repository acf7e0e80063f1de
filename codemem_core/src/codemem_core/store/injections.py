"""Injections: what agents were given, and whether they used it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A memory that went into a prompt."""

    id: int
    title: str
    kind: str
    used: str | None
    """How its session used it afterwards: `opened`, `cited` or `files`; None: it did not so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What was put beside one prompt, or at the start of a session."""

    id: int
    at_ms: int
    hook: str
    """When the host asked: `UserPromptSubmit`, `SessionStart`; empty when it did not say."""
    tokens: int
    source: str
    session_id: int | None
    """None as long as nothing of the session is distilled."""
    request: str | None
    """What the session was begun for."""
    project: str | None
    memories: list[Injected]
    """What was deleted since is left out."""


_PACKS = """
    WITH packs AS (
        SELECT id, created_ms, metadata, tokens_read, source, stream_id FROM usage_events
         WHERE event = 'pack' AND {which}
         ORDER BY id DESC LIMIT :limit)
    SELECT p.id, p.created_ms, coalesce(p.metadata ->> '$.hook', ''), p.tokens_read, p.source,
           (SELECT s.id FROM sessions s WHERE s.source = p.source AND s.stream_id = p.stream_id),
           (SELECT t.first_prompt FROM streams t
             WHERE t.source = p.source AND t.stream_id = p.stream_id),
           p.metadata ->> '$.project', m.id, m.title, m.kind, r.how
      FROM packs p
      LEFT JOIN json_each(p.metadata, '$.pack_item_ids') item
      LEFT JOIN memories m ON m.id = item.value
      LEFT JOIN receipts r ON r.memory_id = m.id AND r.source = p.source
                          AND r.stream_id = p.stream_id AND r.used_ms IS NOT NULL
     ORDER BY p.id DESC, item.key
"""
_SINCE = _PACKS.format(which="created_ms >= :since")
_OF_STREAM = _PACKS.format(which="source = :source AND stream_id = :stream_id")
_MOST = 1_000


def since(db: apsw.Connection, since_ms: int, *, limit: int) -> list[Injection]:
    """Return the last injections since a time, newest first."""
    return _injections(rows(db, _SINCE, {"since": since_ms, "limit": limit}))


def of_stream(db: apsw.Connection, key: tuple[str | None, str | None]) -> list[Injection]:
    """Return what a session `(source, stream id)` was given, oldest first; the last 1,000."""
    which = {"source": key[0], "stream_id": key[1], "limit": _MOST}
    return _injections(rows(db, _OF_STREAM, which))[::-1]


def _injections(found: list[tuple[Any, ...]]) -> list[Injection]:
    names = tuple(Injection.__dataclass_fields__)[:-1]
    made: dict[int, Injection] = {}
    for row in found:
        fields = dict(zip(names, row, strict=False))
        one = made.setdefault(row[0], Injection(**fields, memories=[]))
        if row[8] is not None:
            one.memories.append(Injected(id=row[8], title=row[9], kind=row[10], used=row[11]))
    return list(made.values())


_TIMES = """
    SELECT count(*), count(used_ms) FROM receipts WHERE memory_id = ?
"""


def times(db: apsw.Connection, memory_id: int) -> tuple[int, int]:
    """Return how many sessions were given a memory, and how many of them used it."""
    told, used = rows(db, _TIMES, (memory_id,))[0]
    return told, used
