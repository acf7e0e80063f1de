"""Receipts: which sessions were told a memory, and which of them used it after that.

One row a memory and session, so that nothing counts twice however often it is told or used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A memory that a session was told and has not used so far."""

    memory_id: int
    told_ms: int
    """When it was told first, epoch milliseconds of this machine."""
    files: tuple[str, ...]
    """Files the memory changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a session did with a memory it was told."""

    memory_id: int
    at_ms: int
    how: str
    """`opened`, `cited` or `files`: worked on files that the memory is about."""


# What a session found out itself is no news to it.
_ADD = """
    INSERT INTO receipts (memory_id, source, stream_id, told_ms)
    SELECT m.id, :source, :stream_id, :now
      FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE m.id IN (SELECT value FROM json_each(:ids))
       AND (s.source, s.stream_id) IS NOT (:source, :stream_id)
    ON CONFLICT DO NOTHING
"""
_UNUSED = """
    SELECT r.memory_id, r.told_ms, m.files_modified
      FROM receipts r JOIN memories m ON m.id = r.memory_id
     WHERE r.source = ? AND r.stream_id = ? AND r.used_ms IS NULL
"""
_USED = """
    UPDATE receipts SET used_ms = :at_ms, how = :how
     WHERE memory_id = :memory_id AND source = :source AND stream_id = :stream_id
       AND used_ms IS NULL AND told_ms < :at_ms
"""
_TOUCHED_BEFORE = """
    SELECT DISTINCT path.value
      FROM (SELECT e.payload, e.ts_ms FROM streams s JOIN raw_events e ON e.stream = s.id
             WHERE s.source = :source AND s.stream_id = :stream_id AND e.kind = 'tool_result'
             ORDER BY e.seq DESC LIMIT 5000) AS call,
           json_each('["files_read","files_changed"]') AS field,
           json_each(call.payload, '$._adapter.payload.' || field.value) AS path
     WHERE call.ts_ms <= :told_ms
"""


def add(db: apsw.Connection, key: StreamKey, ids: Sequence[int], *, now_ms: int) -> None:
    """Note that memories went into a prompt of stream `key` (source, stream id)."""
    fields = {"source": key[0], "stream_id": key[1], "now": now_ms, "ids": json.dumps(list(ids))}
    db.execute(_ADD, fields)


def unused(db: apsw.Connection, key: StreamKey) -> list[Receipt]:
    """Return what a stream was told and has not used so far."""
    return [
        Receipt(memory_id=row[0], told_ms=row[1], files=tuple(json.loads(row[2])))
        for row in rows(db, _UNUSED, key)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A session that was given a memory."""

    source: str
    stream_id: str
    told_ms: int
    used_ms: int | None
    how: str | None
    """`opened`, `cited` or `files`; None when it was not used."""


_OF_MEMORY = """
    SELECT source, stream_id, told_ms, used_ms, how FROM receipts
     WHERE memory_id = ? ORDER BY told_ms DESC LIMIT ?
"""


def of_memory(db: apsw.Connection, memory_id: int, *, limit: int) -> list[Delivered]:
    """Return the sessions that were given a memory, newest first."""
    names = tuple(Delivered.__dataclass_fields__)
    found = rows(db, _OF_MEMORY, (memory_id, limit))
    return [Delivered(**dict(zip(names, row, strict=True))) for row in found]


def use(db: apsw.Connection, key: StreamKey, uses: Iterable[Use]) -> None:
    """Note uses; only the first of each memory in a stream counts, and only after it was told."""
    for each in uses:
        fields = {"memory_id": each.memory_id, "at_ms": each.at_ms, "how": each.how}
        db.execute(_USED, {**fields, "source": key[0], "stream_id": key[1]})


def touched_before(db: apsw.Connection, key: StreamKey, *, told_ms: int) -> list[str]:
    """Return the files that tools of a stream touched until a time, of its last 5,000 calls."""
    fields = {"source": key[0], "stream_id": key[1], "told_ms": told_ms}
    return [path for (path,) in rows(db, _TOUCHED_BEFORE, fields) if path]
