"""The feed of committed changes, and the hybrid logical clock that dates them.

Triggers append to the feed within the transaction that changes a memory, whoever makes it: a flush,
a person, an undo, another process. A follower takes changes in order and moves its place in the
transaction that keeps what it made of them, so each change is taken once. Nothing is written while
nobody follows.

The clock is one number: epoch milliseconds in the upper bits, a counter in the lower 16. It never
goes back, and `seen` moves it past what another machine has written: a change that is made after
another was read has the larger number, whatever the two machines' clocks say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from codemem_core.records.change import Change
from codemem_core.store.engine.connection import rows

COUNTER_BITS = 16
_AHEAD_MS = 2 * 86_400_000
"""How far another machine's clock may move ours ahead of this machine's time."""


def follow(db: apsw.Connection, name: str) -> None:
    """Begin to keep changes for a follower, from now on; does nothing when it follows already."""
    db.execute(
        "INSERT INTO change_followers (name, seq)"
        " VALUES (?, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'changes'))"
        " ON CONFLICT DO NOTHING",
        (name,),
    )


def unfollow(db: apsw.Connection, name: str) -> None:
    """Keep no more changes for a follower."""
    db.execute("DELETE FROM change_followers WHERE name = ?", (name,))
    _trim(db)


def follows(db: apsw.Connection, name: str) -> bool:
    """Say whether changes are kept for a follower."""
    return bool(rows(db, "SELECT 1 FROM change_followers WHERE name = ?", (name,)))


def pending(db: apsw.Connection, name: str, *, limit: int) -> list[Change]:
    """Return the next changes for a follower, oldest first."""
    query = (
        "SELECT c.seq, c.memory_id, c.key, c.action, c.fields, c.hlc, c.origin"
        "  FROM changes c JOIN change_followers f ON c.seq > f.seq"
        " WHERE f.name = ? ORDER BY c.seq LIMIT ?"
    )
    return [_change(row) for row in rows(db, query, (name, limit))]


def taken(db: apsw.Connection, name: str, seq: int) -> None:
    """Move a follower's place behind a change; what all followers have taken is deleted."""
    db.execute("UPDATE change_followers SET seq = ? WHERE name = ?", (seq, name))
    _trim(db)


@contextmanager
def made_by(db: apsw.Connection, origin: str) -> Iterator[None]:
    """Mark the changes of the block as another machine's; within one transaction."""
    db.execute("UPDATE change_clock SET origin = ?", (origin,))
    yield
    db.execute("UPDATE change_clock SET origin = ''")


def tick(db: apsw.Connection) -> int:
    """Move the clock on and return it."""
    now = (time.time_ns() // 1_000_000) << COUNTER_BITS
    return int(
        db.execute("UPDATE change_clock SET hlc = max(hlc + 1, ?) RETURNING hlc", (now,)).get
    )


def seen(db: apsw.Connection, hlc: int) -> None:
    """Move the clock to that of a change that another machine made, if it is ahead.

    At most two days ahead of this machine's time: one broken clock must not break all others.
    """
    most = (time.time_ns() // 1_000_000 + _AHEAD_MS) << COUNTER_BITS
    db.execute("UPDATE change_clock SET hlc = max(hlc, ?)", (min(hlc, most),))


def at_ms(hlc: int) -> int:
    """Return the epoch milliseconds of a clock's number."""
    return hlc >> COUNTER_BITS


def _trim(db: apsw.Connection) -> None:
    db.execute(
        "DELETE FROM changes"
        " WHERE seq <= (SELECT coalesce(min(seq), 9223372036854775807) FROM change_followers)"
    )


def _change(row: tuple[object, ...]) -> Change:
    seq, memory_id, key, action, fields, hlc, origin = row
    return Change(
        seq=int(str(seq)),
        memory_id=int(str(memory_id)),
        key=str(key),
        action=str(action),
        fields=tuple(str(fields).split()),
        hlc=int(str(hlc)),
        origin=str(origin),
    )
