"""The user's own sessions: what they did, and what they were told, from the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.retrieval.pack.render import tokens
from codemem_core.store.engine.connection import rows
from codemem_core.store.events import page
from codemem_core.store.usage import HOLDOUT
from codemem_eval.sessions.recording import Projects, Session, in_order, session_of
from codemem_eval.sessions.walk import Told

ARM = "codemem"
_MOST_EVENTS = 3000
"""Of one session; the rest of a longer one is left out."""
_SLACK_MS = 5_000
"""A pack may be noted before the prompt that it answers is stored."""

_STREAMS = """
    SELECT s.id, s.source, s.stream_id, coalesce(s.project, ''), coalesce(s.cwd, '/')
      FROM streams s
     WHERE s.first_prompt IS NOT NULL
       AND (:project IS NULL OR s.project = :project)
       AND EXISTS (SELECT 1 FROM raw_events e WHERE e.stream = s.id)
     ORDER BY s.last_received_ms DESC
     LIMIT :most
"""
_PACKS = """
    SELECT created_ms, metadata FROM usage_events
     WHERE event = 'pack' AND source = ? AND stream_id = ? ORDER BY created_ms
"""
_MEMORIES = """
    SELECT m.id, m.title || char(10) || m.body FROM memories m, json_each(?) wanted
     WHERE m.id = wanted.value ORDER BY wanted.key
"""
_HELD_OUT = "SELECT DISTINCT source, stream_id FROM usage_events WHERE event = ?"


def own_sessions(db: apsw.Connection, *, project: str | None, most: int) -> Projects:
    """Return the newest sessions that still have their events, by project."""
    found: Projects = {}
    wanted = {"project": project, "most": most}
    for stream, source, stream_id, name, cwd in list(rows(db, _STREAMS, wanted)):
        events = page(db, stream, first=0, last=_MOST_EVENTS, key=StreamKey(source, stream_id))
        usable = [event for event in events if event.adapter]
        if usable:
            found.setdefault(name, []).append(session_of(usable, name, cwd=cwd))
    return {name: in_order(sessions) for name, sessions in found.items()}


def as_told(db: apsw.Connection, sessions: Sequence[Session]) -> Iterator[Told]:
    """Yield what each prompt of the sessions was given at the time, in the memories' words today.

    Quoted messages and forgotten memories are not in it: only the ids of memories are kept.
    """
    for session in sessions:
        key = (session.source, session.id)
        packs = [(at_ms, json.loads(text)) for at_ms, text in rows(db, _PACKS, key)]
        for turn, (begins, ends) in _times(session).items():
            ids = [
                one
                for at_ms, pack in packs
                if begins - _SLACK_MS <= at_ms < ends - _SLACK_MS
                for one in pack["pack_item_ids"]
            ]
            texts = rows(db, _MEMORIES, (json.dumps(ids),))
            text = "\n".join(f"[{number}] {memory}" for number, memory in texts)
            yield Told(ARM, session.project, session.id, turn, text)


def held_out(db: apsw.Connection) -> set[tuple[str, str]]:
    """Return the sessions that got nothing on purpose, as `(source, stream id)`."""
    return {(source, stream_id) for source, stream_id in rows(db, _HELD_OUT, (HOLDOUT,))}


def tokens_told(told: Sequence[Told]) -> int:
    """Return how many tokens were told."""
    return sum(tokens(one.text) for one in told)


def _times(session: Session) -> dict[int, tuple[int, float]]:
    """Return when each turn with a prompt began, and when the next one did."""
    begins = [turn.events[0].ts_ms or 0 for turn in session.turns]
    return {
        at: (begins[at] if at > 1 else 0, begins[at + 1] if at + 1 < len(begins) else float("inf"))
        for at, turn in enumerate(session.turns)
        if turn.prompt
    }
