"""What an agent's sessions read: whether any of it came from outside.

An agent that calls a tool or a command seldom says which session it is in, so the sessions that are
under way in its place count, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import apsw

from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.store.engine.connection import rows
from codemem_core.store.events import read_event

UNDER_WAY_MS = 12 * 3_600_000
"""How long after its last event a session in the same place counts as the agent's."""
_SESSIONS = """
    SELECT id, source, stream_id FROM streams WHERE stream_id = :session AND :session <> ''
    UNION
    SELECT id, source, stream_id FROM streams
     WHERE last_received_ms >= :since AND (project = :project OR cwd = :cwd)
       AND NOT EXISTS (SELECT 1 FROM streams WHERE stream_id = :session)
"""
_READ = """
    SELECT seq, event_id, event_type, payload, ts_ms, mono_ms, origin
      FROM raw_events
     WHERE stream = :stream
       AND (origin IN ('import', 'external', 'teammate', 'agent') OR kind = 'prompt')
     ORDER BY seq DESC
     LIMIT :limit
"""
_EVENTS = 200
"""The newest prompts and outside texts of a session that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an agent is at work, as far as it is known."""

    session: str = ""
    """Its host's id of the session."""
    project: str | None
    cwd: str | None


def read_by(db: apsw.Connection, place: Whereabouts, *, now_ms: int) -> Sequence[RawEvent] | None:
    """Return the prompts and the outside texts of an agent's session, in order.

    None when no session is known: then nobody can say what the agent read.
    """
    streams = rows(db, _SESSIONS, {**asdict(place), "since": now_ms - UNDER_WAY_MS})
    if not streams:
        return None
    return [
        read_event(StreamKey(source, stream_id), row)
        for stream, source, stream_id in streams
        for row in reversed(rows(db, _READ, {"stream": stream, "limit": _EVENTS}))
    ]
