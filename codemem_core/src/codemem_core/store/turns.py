"""Turns in a stream: where one ends, and which prompt the events after a cut belong to."""

from __future__ import annotations

import apsw

from codemem_core.store.engine.connection import rows

ENDS_TURN = """
    (e.kind IN ('error', 'session_end')
     OR e.kind = 'session_start'
        AND coalesce(e.payload ->> '$._adapter.payload.source', '') <> 'compact'
     OR e.kind = 'assistant' AND coalesce(e.payload ->> '$._adapter.payload.final', 1))
"""
"""Of an event `e`: whether a turn is over with it.

A message is final unless its host says not, and a turn goes on after a compaction.
"""

_REQUEST = f"""
    SELECT p.seq
      FROM raw_events p
     WHERE p.stream = :stream AND p.kind = 'prompt' AND p.seq < :first
       AND NOT EXISTS (SELECT 1 FROM raw_events e
                        WHERE e.stream = p.stream AND e.seq > p.seq AND e.seq < :first
                          AND {ENDS_TURN})
       AND NOT EXISTS (SELECT 1 FROM raw_events b
                        WHERE b.stream = p.stream AND b.seq = :first AND b.kind = 'prompt')
     ORDER BY p.seq DESC
     LIMIT 1
"""  # noqa: S608 - our own text


def request_before(db: apsw.Connection, stream: int, first: int) -> int | None:
    """Return the number of the prompt whose turn event `first` goes on; None when it begins one."""
    found = rows(db, _REQUEST, {"stream": stream, "first": first})
    return found[0][0] if found else None
