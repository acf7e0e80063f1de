"""Raw events: append once, number without gaps, page for a flush."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import apsw

from codemem_core.records.event import RawEvent, StreamKey, StreamState, json_text, split_payload
from codemem_core.store import ledger, projects
from codemem_core.store.engine.connection import rows
from codemem_core.store.repeated_hooks import is_repeated
from codemem_core.store.turns import ENDS_TURN

RECENT_FILES = 64
"""Paths a stream remembers for the injection query."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a delivery; `inserted + duplicates` is what was received."""

    inserted: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """A stream with events that wait for a flush."""

    source: str
    stream_id: str
    project: str | None
    cwd: str | None
    started_at: str | None
    last_event_ms: int | None
    last_received_seq: int
    last_flushed_seq: int
    batches: Mapping[str, int]
    """How many batches are in each state that is not `completed`, and `completed` itself."""

    @property
    def pending(self) -> int:
        """How many events wait."""
        return self.last_received_seq - self.last_flushed_seq


def append(db: apsw.Connection, events: Sequence[RawEvent], *, now_ms: int) -> Appended:
    """Store events that are not there yet; each gets the next number of its stream.

    The same `(source, stream_id, event_id)` twice is one event. Call inside a write transaction:
    the events count as taken when it is committed.
    """
    inserted = 0
    in_streams = sorted(events, key=_stream_key)
    for _, of_stream in groupby(in_streams, key=_stream_key):
        inserted += _append_to_stream(db, list(of_stream), now_ms)
    return Appended(inserted, len(events) - inserted)


def _stream_key(event: RawEvent) -> StreamKey:
    return event.key


_SETTLED = "SELECT project, label, cwd FROM streams WHERE source = ? AND stream_id = ?"
_OPEN_STREAM = """
    INSERT INTO streams (source, stream_id, project, label, cwd, started_at, last_event_ms)
    VALUES (:source, :stream_id, :project, :label, :cwd, :started_at, :last_event_ms)
    ON CONFLICT (source, stream_id) DO UPDATE SET
        project = coalesce(excluded.project, project),
        label = coalesce(:new_label, label),
        cwd = coalesce(cwd, excluded.cwd),
        started_at = coalesce(excluded.started_at, started_at),
        last_event_ms = coalesce(max(last_event_ms, excluded.last_event_ms),
                                 last_event_ms, excluded.last_event_ms)
    RETURNING id, last_received_seq, recent_files
"""

_INSERT = """
    INSERT INTO raw_events
        (stream, seq, event_id, event_type, kind, origin, ts_ms, mono_ms, received_ms, payload)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (stream, event_id) DO NOTHING
"""

_ADVANCE = """
    UPDATE streams SET last_received_seq = :seq, last_received_ms = :now, last_event_type = :kind,
        flush_asked = :flush_asked,
        first_prompt = coalesce(first_prompt, :first_prompt),
        last_prompt = coalesce(:last_prompt, last_prompt),
        recent_files = :recent_files
    WHERE id = :stream
"""


def _append_to_stream(db: apsw.Connection, events: list[RawEvent], now_ms: int) -> int:
    fields = _stream_fields(events)
    fields |= _identity(db, fields)
    stream, last_seq, files = db.execute(_OPEN_STREAM, fields).get
    new = [event for event in events if not is_repeated(db, stream, last_seq, event)]
    stored = _insert(db, stream, last_seq, new, now_ms=now_ms)
    if stored:
        prompts = [text for event in stored if (text := _prompt_of(event))]
        change = {
            "stream": stream,
            "seq": last_seq + len(stored),
            "now": now_ms,
            "kind": stored[-1].common_type or stored[-1].event_type,
            "flush_asked": _flush_asked(stored[-1]),
            "first_prompt": prompts[0] if prompts else None,
            "last_prompt": prompts[-1] if prompts else None,
            "recent_files": json.dumps(_recent(json.loads(files), stored)),
        }
        db.execute(_ADVANCE, change)
    duplicate = len(events) - len(stored)
    ledger.count(db, events[0].source, stored=len(stored), duplicate=duplicate, now_ms=now_ms)
    return len(stored)


def _identity(db: apsw.Connection, fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the project and the label of a stream; None for each that stays as it is.

    A session belongs where it began, wherever its commands go later; only a name that somebody
    chose, where so far its folder gave one, still changes that. Settling looks at folders: once
    for a stream, not once for an event. Who renames a project renames it in its streams.
    """
    cwd, label = fields["cwd"], fields["label"]
    known = db.execute(_SETTLED, (fields["source"], fields["stream_id"])).fetchone()
    project, known_label, began = known or (None, None, None)
    if project is not None:
        chosen = label not in {None, known_label} and projects.is_chosen(label, cwd)
        if not chosen or projects.is_chosen(known_label, began):
            return {"project": None, "new_label": None}
    return {"project": projects.claim(db, label, cwd or began), "new_label": label}


def _insert(
    db: apsw.Connection, stream: int, last_seq: int, events: list[RawEvent], *, now_ms: int
) -> list[RawEvent]:
    """Store events with the numbers after `last_seq`; return those that were not there yet."""

    def row(event: RawEvent, seq: int) -> tuple[Any, ...]:
        text = event.text or json_text(event.to_json())
        named = (stream, seq, event.event_id, event.event_type, event.common_type, event.origin)
        return (*named, event.ts_ms, event.mono_ms, now_ms, text)

    before = db.total_changes()
    db.executemany(_INSERT, (row(event, last_seq + 1 + n) for n, event in enumerate(events)))
    inserted = db.total_changes() - before
    if inserted == len(events):
        return events
    # Some are there already, and left gaps in the numbers: once more, one by one.
    db.execute("DELETE FROM raw_events WHERE stream = ? AND seq > ?", (stream, last_seq))
    stored: list[RawEvent] = []
    for event in events:
        db.execute(_INSERT, row(event, last_seq + 1 + len(stored)))
        if db.changes():
            stored.append(event)
    return stored


def _stream_fields(events: list[RawEvent]) -> dict[str, Any]:
    """Return what the delivery says of its stream: the first value given wins."""
    fields: dict[str, Any] = {"source": events[0].source, "stream_id": events[0].stream_id}
    for name in ("project", "cwd", "started_at"):
        given = (value for event in events if (value := getattr(event, name)))
        fields[name] = next(given, None)
    fields["label"] = fields["project"]
    times = [event.ts_ms for event in events if event.ts_ms is not None]
    fields["last_event_ms"] = max(times, default=None)
    return fields


def _flush_asked(event: RawEvent) -> bool | None:
    asked = event.adapter.meta.get("flush") if event.adapter else None
    return asked if isinstance(asked, bool) else None


def _prompt_of(event: RawEvent) -> str | None:
    if event.common_type != "prompt":
        return None
    text = " ".join(event.common["text"].split())
    return text[:2000] or None


def _recent(known: list[str], events: Iterable[RawEvent]) -> list[str]:
    """Return the paths edited lately, newest last, each once."""
    for event in events:
        for path in edited_files(event.common):
            if path in known:
                known.remove(path)
            known.append(path)
    return known[-RECENT_FILES:]


def edited_files(payload: Mapping[str, Any]) -> list[str]:
    """Return the paths a successful tool event changed."""
    changed = payload.get("files_changed")
    if payload.get("status") != "ok" or not isinstance(changed, list):
        return []
    return [path for path in changed if isinstance(path, str)]


_PAGE = """
    SELECT seq, event_id, event_type, payload, ts_ms, mono_ms, origin
      FROM raw_events
     WHERE stream = :stream AND seq BETWEEN :first AND :last
     ORDER BY seq
"""


def page(
    db: apsw.Connection, stream: int, *, first: int, last: int, key: StreamKey
) -> list[RawEvent]:
    """Return the events of a stream from number `first` to `last`, both included."""
    wanted = {"stream": stream, "first": first, "last": last}
    return [read_event(key, row) for row in rows(db, _PAGE, wanted)]


def read_event(key: StreamKey, row: Sequence[Any]) -> RawEvent:
    """Return an event of a stream `(source, stream id)` from its stored columns."""
    source, stream_id = key
    seq, event_id, event_type, stored, ts_ms, mono_ms, origin = row
    payload, adapter = split_payload(json.loads(stored))
    return RawEvent(
        source=source,
        stream_id=stream_id,
        seq=seq,
        event_id=event_id,
        event_type=event_type,
        payload=payload,
        adapter=adapter,
        ts_ms=ts_ms,
        mono_ms=mono_ms,
        origin=origin,
    )


_OUTSIDE_BEFORE = """
    SELECT seq, event_id, event_type, payload, ts_ms, mono_ms, origin
      FROM raw_events
     WHERE stream = :stream AND seq < :first
       AND origin IN ('import', 'external', 'teammate', 'agent')
     ORDER BY seq DESC
     LIMIT :limit
"""
_OUTSIDE_EVENTS = 100
"""Outside events of a session that are read again at each later flush: the newest."""


def outside_before(
    db: apsw.Connection, stream: int, first: int, *, key: StreamKey
) -> list[RawEvent]:
    """Return the newest events of a stream before number `first` that came from outside, in order.

    Their origin is what tells: the web, other machines, subagents, earlier memories.
    """
    wanted = {"stream": stream, "first": first, "limit": _OUTSIDE_EVENTS}
    return [read_event(key, row) for row in reversed(rows(db, _OUTSIDE_BEFORE, wanted))]


def mark_outside(db: apsw.Connection, stream: int, numbers: Collection[int]) -> None:
    """Note that the text of some events of a stream came from outside."""
    db.execute(
        "UPDATE raw_events SET origin = 'external'"
        " WHERE stream = ? AND seq IN (SELECT value FROM json_each(?))",
        (stream, json.dumps(sorted(numbers))),
    )


# Counts look at the first 1,000 waiting events: enough for every threshold, and a backlog of a
# million costs no more. A pause that was set in the future came from a wrong clock: it is ignored.
_PENDING = f"""
    SELECT s.source, s.stream_id, s.project, s.last_received_seq - s.last_flushed_seq AS pending,
           count(e.id) FILTER (WHERE e.kind = 'tool_result') AS tools,
           count(e.id) FILTER (WHERE e.kind = 'prompt') AS prompts,
           min(e.received_ms) AS first_ms, s.last_received_ms, s.last_event_type, s.flush_asked,
           max(iif(e.kind = 'prompt', e.seq, -1)) > max(iif({ENDS_TURN}, e.seq, -1))
           OR max({ENDS_TURN}) = 0 AS turn_is_open
      FROM streams s
      JOIN raw_events e
        ON e.stream = s.id AND e.seq BETWEEN s.last_flushed_seq + 1 AND s.last_flushed_seq + 1000
     WHERE s.last_received_seq > s.last_flushed_seq
       AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.stream = s.id AND b.state = 'failed'
                       AND b.retry_ms > :now AND b.updated_ms <= :now)
     GROUP BY s.id
     ORDER BY EXISTS (SELECT 1 FROM batches b WHERE b.stream = s.id AND b.state = 'failed'),
              s.last_received_ms
"""  # noqa: S608 - our own text


def pending(db: apsw.Connection, *, now_ms: int) -> list[StreamState]:
    """Return streams whose events wait for a flush, longest-quiet first.

    A stream whose last flush failed is left out until its pause is over, and then comes last: the
    one call to a provider in trouble is not to be spent on what may itself be the trouble.
    """
    names = tuple(StreamState.__dataclass_fields__)
    flags = ("flush_asked", "turn_is_open")
    found = (dict(zip(names, row, strict=True)) for row in rows(db, _PENDING, {"now": now_ms}))
    # SQLite has no booleans; None means that the host left it open.
    return [StreamState(**row | {name: _flag(row[name]) for name in flags}) for row in found]


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


# Ids grow with time, so the oldest 1,000 that may go are enough to see whether any is old enough.
_RETAIN = """
    DELETE FROM raw_events WHERE id IN (
        SELECT id FROM (
            SELECT e.id, e.received_ms
              FROM raw_events e JOIN streams s ON s.id = e.stream
             WHERE e.seq <= s.last_flushed_seq
               AND NOT EXISTS (SELECT 1 FROM batches b
                                WHERE b.stream = e.stream AND b.state <> 'completed'
                                  AND e.seq BETWEEN b.start_seq AND b.end_seq)
             ORDER BY e.id
             LIMIT 1000)
         WHERE received_ms < :before)
"""


def retain(db: apsw.Connection, *, since_ms: int) -> int:
    """Delete events received before `since_ms`, at most 1,000 of them, and return how many.

    Never one that waits for a flush, nor one of a batch that was given up: it may be replayed.
    """
    db.execute(_RETAIN, {"before": since_ms})
    return db.changes()


_BACKLOG = """
    SELECT s.source, s.stream_id, s.project, s.cwd, s.started_at, s.last_event_ms,
           s.last_received_seq, s.last_flushed_seq,
           (SELECT json_group_object(state, n) FROM
               (SELECT state, count(*) AS n FROM batches WHERE stream = s.id GROUP BY state))
      FROM streams s
     WHERE s.last_received_seq > s.last_flushed_seq
     ORDER BY s.last_received_ms DESC
     LIMIT :limit
"""


def backlog(db: apsw.Connection, *, limit: int) -> list[Backlog]:
    """Return streams with waiting events, newest first, for people to look at."""
    names = [name for name in Backlog.__dataclass_fields__ if name != "batches"]
    return [
        Backlog(**dict(zip(names, row[:-1], strict=True)), batches=json.loads(row[-1]))
        for row in rows(db, _BACKLOG, {"limit": limit})
    ]


def totals(db: apsw.Connection) -> tuple[int, int]:
    """Return how many streams have waiting events, and how many events wait in all."""
    query = """SELECT count(*), coalesce(sum(last_received_seq - last_flushed_seq), 0)
                 FROM streams WHERE last_received_seq > last_flushed_seq"""
    streams, waiting = rows(db, query)[0]
    return streams, waiting
