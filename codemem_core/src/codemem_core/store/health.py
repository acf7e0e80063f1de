"""What needs a person: batches that did not become memories, and what can be done about them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Batches that failed for the same reason and are not done yet."""

    kind: str
    """The error class: auth, rate_limited, unreachable, transient, permanent, poison or bug."""
    waiting: int
    """Will be tried again by themselves."""
    dead: int
    """Were given up."""
    error: str
    """What the latest one said."""
    updated_ms: int


# A bare column beside one max() is of the row with the maximum: SQLite says so.
_FAILURES = """
    SELECT coalesce(error_kind, 'unknown'), count(*) FILTER (WHERE state <> 'dead'),
           count(*) FILTER (WHERE state = 'dead'), coalesce(error, ''), max(updated_ms)
      FROM batches WHERE state IN ('failed', 'dead')
     GROUP BY 1 ORDER BY max(updated_ms) DESC
"""


def failures(db: apsw.Connection) -> list[Failures]:
    """Return why batches are not done, by error class, the latest first."""
    names = tuple(Failures.__dataclass_fields__)
    return [Failures(**dict(zip(names, row, strict=True))) for row in rows(db, _FAILURES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch that is not completed."""

    id: int
    source: str
    stream_id: str
    project: str | None
    state: str
    """`pending`, `claimed`, `failed` or `dead`."""
    events: int
    attempts: int
    error_kind: str | None
    error: str | None
    retry_ms: int
    """Not to be tried before this time."""
    updated_ms: int


_OPEN = """
    SELECT b.id, s.source, s.stream_id, s.project, b.state, b.end_seq - b.start_seq + 1,
           b.attempts, b.error_kind, b.error, b.retry_ms, b.updated_ms
      FROM batches b JOIN streams s ON s.id = b.stream
     WHERE b.state <> 'completed'
     ORDER BY b.updated_ms DESC, b.id DESC
     LIMIT :limit
"""


def open_batches(db: apsw.Connection, *, limit: int) -> list[OpenBatch]:
    """Return batches that are not completed, the latest changed first."""
    names = tuple(OpenBatch.__dataclass_fields__)
    found = rows(db, _OPEN, {"limit": limit})
    return [OpenBatch(**dict(zip(names, row, strict=True))) for row in found]


def bury(db: apsw.Connection, batch: int, *, now_ms: int) -> bool:
    """Give a failed batch up: its events stay, and its stream goes on with what came after.

    False when it is not a failed one, or when somebody is flushing its stream at this moment.
    """
    db.execute(
        "UPDATE streams SET last_flushed_seq = max(last_flushed_seq, b.end_seq)"
        " FROM batches b WHERE b.id = ? AND b.state = 'failed' AND streams.id = b.stream"
        " AND streams.lease_owner IS NULL",
        (batch,),
    )
    if not db.changes():
        return False
    db.execute("UPDATE batches SET state = 'dead', updated_ms = ? WHERE id = ?", (now_ms, batch))
    return True


def file_bytes(path: str) -> dict[str, int]:
    """Return the sizes of the database at `path` and of its write-ahead log."""
    return {"database": _size(path), "wal": _size(f"{path}-wal")}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
