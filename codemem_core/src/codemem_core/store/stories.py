"""Sessions as people remember them: what one was begun for and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from codemem_core.store.conditions import CURRENT
from codemem_core.store.engine.connection import rows
from codemem_core.store.sessions import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A session, with what its events and its summary say of it."""

    session: Session
    request: str | None
    """The first prompt, word for word."""
    last_ms: int | None
    """When its newest event happened, epoch milliseconds."""
    files: int
    """Files its tools touched, counted up to 64."""
    summary_id: int | None
    title: str | None
    """What the summary is called."""
    completed: str
    next_steps: str
    notes: str
    """Sections of the summary; empty without one."""


_STORIES = f"""
    SELECT s.id, t.first_prompt, t.last_event_ms,
           ifnull(json_array_length(t.recent_files), 0), m.id, m.title,
           ifnull(m.metadata ->> '$.completed', ''), ifnull(m.metadata ->> '$.next_steps', ''),
           ifnull(m.metadata ->> '$.notes', '')
      FROM sessions s
      LEFT JOIN streams t ON t.source = s.source AND t.stream_id = s.stream_id
      LEFT JOIN memories m ON m.id = (
           SELECT m.id FROM memories m
            WHERE m.session_id = s.id AND m.kind = 'session_summary' AND m.active = 1 AND {CURRENT}
            ORDER BY m.created_ms DESC, m.id DESC LIMIT 1)
     WHERE s.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - a constant of ours


def stories(db: apsw.Connection, sessions: Sequence[Session]) -> list[Story]:
    """Return the stories of sessions, in their order."""
    names = tuple(Story.__dataclass_fields__)[1:]
    found = rows(db, _STORIES, (json.dumps([each.id for each in sessions]),))
    told = {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}
    return [Story(session=each, **told[each.id]) for each in sessions if each.id in told]
