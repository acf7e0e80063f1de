"""Hooks that fire twice: the plugin is installed twice, or in two scopes."""

from __future__ import annotations

import apsw

from codemem_core.records.event import RawEvent
from codemem_core.store.engine.connection import rows

# Nothing else was asked or answered between the two, by their times.
_REPEATED = """
    WITH recent AS (SELECT kind, ts_ms, payload FROM raw_events
                     WHERE stream = :stream AND seq > :last_seq - 50
                       AND ts_ms BETWEEN :ts - 10000 AND :ts + 10000)
    SELECT 1 FROM recent e
     WHERE e.kind = :kind AND json_extract(e.payload, :field) IS :value
       AND NOT EXISTS (SELECT 1 FROM recent b
                        WHERE b.kind IN ('prompt', 'assistant') AND b.kind <> :kind
                          AND b.ts_ms BETWEEN min(e.ts_ms, :ts) AND max(e.ts_ms, :ts))
     LIMIT 1
"""
_SAID_IN = {
    "prompt": "text",
    "assistant": "text",
    "session_start": "source",
    "session_end": "reason",
}


def is_repeated(db: apsw.Connection, stream: int, last_seq: int, event: RawEvent) -> bool:
    """Say whether a hook without an id of its own fired twice: it is installed twice."""
    field = _SAID_IN.get(event.common_type)
    if (
        not field
        or event.event_type != f"{event.source}.hook"
        or event.common.get("final") is False
    ):
        return False
    found = rows(
        db,
        _REPEATED,
        {
            "stream": stream,
            "last_seq": last_seq,
            "ts": event.ts_ms,
            "kind": event.common_type,
            "field": f"$._adapter.payload.{field}",
            "value": event.common.get(field),
        },
    )
    return bool(found)
