"""What is stored already of a host's sessions: asked before its own records are read."""

from __future__ import annotations

import apsw

from codemem_core.records.event import IMPORTED, StreamKey
from codemem_core.store.engine.connection import rows

_TOOL_USES = """
    SELECT json_extract(e.payload, '$._adapter.meta.tool_use_id')
      FROM streams s JOIN raw_events e ON e.stream = s.id
     WHERE s.source = :source AND s.stream_id = :stream_id AND e.kind = 'tool_result'
     ORDER BY e.seq DESC
     LIMIT :limit
"""


def tool_uses(db: apsw.Connection, source: str, stream_id: str, *, limit: int) -> set[str]:
    """Return the host's ids of the tool uses stored last in a stream."""
    wanted = {"source": source, "stream_id": stream_id, "limit": limit}
    return {use for (use,) in rows(db, _TOOL_USES, wanted) if use}


_KNOWN = """
    SELECT e.kind, CASE e.kind WHEN 'prompt' THEN e.ts_ms
                   ELSE json_extract(e.payload, '$._adapter.meta.tool_use_id') END
      FROM streams s JOIN raw_events e ON e.stream = s.id
     WHERE s.source = ? AND s.stream_id = ? AND e.kind IN ('prompt', 'tool_result')
"""


def known_events(db: apsw.Connection, key: StreamKey) -> set[tuple[str, object]]:
    """Return what is stored of stream `key`: prompts by their time, tool results by their use.

    An earlier version may have stored them under other ids.
    """
    return {(kind, mark) for kind, mark in rows(db, _KNOWN, key) if mark}


_RECORDED = """
    SELECT 1 FROM streams s
     WHERE s.source = ? AND s.stream_id = ?
       AND (EXISTS (SELECT 1 FROM raw_events e WHERE e.stream = s.id AND e.event_type <> ?)
            OR NOT EXISTS (SELECT 1 FROM raw_events e WHERE e.stream = s.id))
"""


def is_recorded(db: apsw.Connection, key: StreamKey) -> bool:
    """Say whether stream `key` (source, stream id) holds more than imported events.

    True also when retention has deleted all its events: whatever they were, they were used.
    """
    return bool(rows(db, _RECORDED, (*key, IMPORTED.format(key[0]))))


_LAST_HOOKS = """
    SELECT json_extract(e.payload, '$._adapter.meta.hook_event_name') AS hook, max(e.received_ms)
      FROM raw_events e JOIN streams s ON s.id = e.stream
     WHERE s.source = ? AND e.event_type = ? AND e.id > (SELECT max(id) FROM raw_events) - 2000
     GROUP BY hook
"""


def last_hooks(db: apsw.Connection, source: str) -> dict[str, int]:
    """Return when each of a host's hooks was last heard of, among the newest 2,000 events.

    Epoch milliseconds of this machine, by the host's name of the hook.
    """
    found = rows(db, _LAST_HOOKS, (source, f"{source}.hook"))
    return {hook: at_ms for hook, at_ms in found if hook}


_HEARD_OF = """
    SELECT 1 FROM streams s JOIN raw_events e ON e.stream = s.id
     WHERE s.source = ? AND e.event_type <> ? LIMIT 1
"""


def heard_of(db: apsw.Connection, source: str) -> bool:
    """Say whether a host has sent an event that is still stored; its imported history is none."""
    return bool(rows(db, _HEARD_OF, (source, IMPORTED.format(source))))
