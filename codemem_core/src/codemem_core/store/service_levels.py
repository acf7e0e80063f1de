"""How long it takes until what was written can be read as memories."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows

_BATCHES = 1000
"""Batches looked at: the newest."""

# From the receipt of a batch's last event until its memories were committed.
_LAGS = """
    SELECT max(0, b.updated_ms - e.received_ms)
      FROM (SELECT * FROM batches WHERE state = 'completed' ORDER BY id DESC LIMIT ?) b
      JOIN raw_events e ON e.stream = b.stream AND e.seq = b.end_seq
     ORDER BY 1
"""
_SIZES = """
    SELECT count(*), coalesce(sum(length(CAST(title AS BLOB)) + length(CAST(body AS BLOB))), 0)
      FROM memories WHERE active = 1
"""
_RECEIPTS = "SELECT count(*), count(used_ms) FROM receipts"


@dataclass(frozen=True, slots=True)
class Lag:
    """Milliseconds until half, and until 99 of 100, of the batches could be read."""

    batches: int
    p50_ms: int
    p99_ms: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large memories are."""

    memories: int
    text_bytes: int
    """Of titles and bodies together."""


def lag(db: apsw.Connection) -> Lag:
    """Return the lag of the newest batches whose events are still there; 0 without any."""
    found = [taken for (taken,) in rows(db, _LAGS, (_BATCHES,))]
    if not found:
        return Lag(0, 0, 0)
    last = len(found) - 1
    return Lag(len(found), found[last // 2], found[round(0.99 * last)])


def sizes(db: apsw.Connection) -> Sizes:
    """Return the sizes of current memories."""
    [(count, size)] = rows(db, _SIZES)
    return Sizes(count, size)


def receipts(db: apsw.Connection) -> tuple[int, int]:
    """Return how often a session was told a memory, and how often it used one after that."""
    [(told, used)] = rows(db, _RECEIPTS)
    return told, used
