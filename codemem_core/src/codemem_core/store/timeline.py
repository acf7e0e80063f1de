"""What happened in a session, for people who look at it."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.store import events
from codemem_core.store.engine.connection import rows
from codemem_core.store.sessions import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """A batch of a stream, as far as it has come."""

    id: int
    state: str
    start_seq: int
    end_seq: int
    attempts: int
    error: str | None
    created_ms: int
    updated_ms: int


_FLUSHES = """
    SELECT id, state, start_seq, end_seq, attempts, error, created_ms, updated_ms
      FROM batches
     WHERE stream = :stream AND end_seq BETWEEN :first AND :last
     ORDER BY start_seq
"""


def of_stream(
    db: apsw.Connection, key: tuple[str | None, str | None], *, first: int, last: int
) -> tuple[list[RawEvent], list[Flush], int]:
    """Return events number `first` to `last` of a stream, their batches, and how many there are.

    A session that somebody wrote by hand has no stream: then there is nothing.
    """
    source, stream_id = key
    query = "SELECT id, last_received_seq + 1 FROM streams WHERE source = ? AND stream_id = ?"
    found = rows(db, query, StreamKey(source, stream_id)) if source and stream_id else []
    if not found or not source or not stream_id:
        return [], [], 0
    stream, total = found[0]
    raw = events.page(db, stream, first=first, last=last, key=StreamKey(source, stream_id))
    names = tuple(Flush.__dataclass_fields__)
    flushed = rows(db, _FLUSHES, {"stream": stream, "first": first, "last": last})
    return raw, [Flush(**dict(zip(names, row, strict=True))) for row in flushed], total


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt that memories came from."""

    id: int
    text: str
    at_ms: int
    number: int
    """Which prompt of its stream it is, from 1."""


# The last prompt before the newest event that a memory cites, or before the end of its stretch.
_PROMPT_OF = """
    SELECT e.id, json_extract(e.payload, '$._adapter.payload.text') AS text,
           coalesce(e.ts_ms, e.received_ms),
           (SELECT count(*) FROM raw_events p
             WHERE p.stream = e.stream AND p.kind = 'prompt' AND p.seq <= e.seq)
      FROM memories m
      JOIN batches b ON b.id = m.batch
      JOIN raw_events e ON e.stream = b.stream AND e.kind = 'prompt'
       AND e.seq <= coalesce(
               (SELECT max(value) FROM json_each(m.metadata, '$.evidence')), b.end_seq)
     WHERE m.id = ? AND text IS NOT NULL
     ORDER BY e.seq DESC
     LIMIT 1
"""


def prompt_of(db: apsw.Connection, memory_id: int) -> Asked | None:
    """Return the prompt a memory came from; None when it is not kept, or there was none."""
    for prompt, text, at_ms, number in rows(db, _PROMPT_OF, (memory_id,)):
        return Asked(id=prompt, text=str(text), at_ms=at_ms, number=number)
    return None


_SPENT = """
    SELECT event, sum(tokens_read), sum(tokens_written), sum(cost_usd) FROM usage_events
     WHERE source = :source AND stream_id = :stream_id OR session_id = :session
     GROUP BY event
"""


def spent(db: apsw.Connection, session: Session) -> list[dict[str, int | str | float | None]]:
    """Return what a session cost by kind of call: `event`, `read`, `written` (tokens), `usd`."""
    which = {"source": session.source, "stream_id": session.stream_id, "session": session.id}
    names = ("event", "read", "written", "usd")
    return [dict(zip(names, row, strict=True)) for row in rows(db, _SPENT, which)]
