"""Rows that an earlier version stored and the server fills in, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from codemem_core.store.engine.connection import rows

BATCH = 500
"""Ids that one batch covers: a few milliseconds of the writer's time."""
_NAME = "typed-events"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored event that may lack what its source fills in today."""

    id: int
    payload: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A range of ids, and the events in it to look at."""

    next_id: int
    after: int
    """Where the next batch begins."""
    events: list[Stored]


_WANTED = """
    SELECT id, payload FROM raw_events
     WHERE id BETWEEN :first AND :last AND kind IN ('tool_call', 'tool_result', 'assistant')
       AND json_extract(payload, '$._adapter.payload.kind') IS NULL
"""


def extend(db: apsw.Connection) -> None:
    """Look at what was stored since the last start as well: an older server may have run."""
    db.execute("UPDATE upgrades SET last_id = (SELECT coalesce(max(id), 0) FROM raw_events)")


def left(db: apsw.Connection) -> int:
    """Return how many rows, at most, are still to be looked at."""
    found = rows(db, "SELECT last_id - next_id + 1 FROM upgrades WHERE name = ?", (_NAME,))
    return max(0, found[0][0]) if found else 0


def batch(db: apsw.Connection) -> Batch | None:
    """Return the next range of ids, or None when all is done."""
    found = rows(db, "SELECT next_id, last_id FROM upgrades WHERE name = ?", (_NAME,))
    if not found or found[0][0] > found[0][1]:
        return None
    first, last = found[0]
    until = min(first + BATCH - 1, last)
    wanted = rows(db, _WANTED, {"first": first, "last": until})
    return Batch(first, until + 1, [Stored(*row) for row in wanted])


def finish(db: apsw.Connection, done: Batch, changed: Mapping[int, str]) -> None:
    """Write the payloads of a batch that changed, and move on; both or neither."""
    before = {event.id: event.payload for event in done.events}
    db.executemany(
        "UPDATE raw_events SET payload = ? WHERE id = ? AND payload = ?",
        [(text, row, before[row]) for row, text in changed.items()],
    )
    _bound_times(db, done)
    db.execute(
        "UPDATE upgrades SET next_id = ? WHERE name = ? AND next_id = ?",
        (done.after, _NAME, done.next_id),
    )


def _bound_times(db: apsw.Connection, done: Batch) -> None:
    """Replace times that lie in the future: they came from a wrong clock."""
    values = {"first": done.next_id, "last": done.after - 1, "day": _DAY_MS}
    db.execute(
        """UPDATE raw_events SET ts_ms = received_ms
            WHERE id BETWEEN :first AND :last AND ts_ms > received_ms + :day""",
        values,
    )


def bound_memories(db: apsw.Connection, *, now_ms: int) -> None:
    """Give memories and streams whose time lies in the future that of their last change."""
    values: dict[str, Any] = {"limit": now_ms + _DAY_MS, "now": now_ms}
    for statement in _FUTURE:
        db.execute(statement, values)


_FUTURE: Iterable[str] = (
    """UPDATE memories SET created_ms = min(updated_ms, :now)
        WHERE active IN (0, 1) AND created_ms > :limit""",
    "UPDATE sessions SET started_ms = :now WHERE started_ms > :limit",
    "UPDATE streams SET last_event_ms = last_received_ms WHERE last_event_ms > :limit",
)
