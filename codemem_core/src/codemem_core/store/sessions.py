"""Sessions: one for each stream, one for each time a person remembers something."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.store.engine.connection import rows

_OPEN = """
    INSERT INTO sessions (source, stream_id, project, cwd, started_ms)
    VALUES (:source, :stream_id, :project, :cwd, :started_ms)
    ON CONFLICT (source, stream_id) DO UPDATE SET
        project = coalesce(excluded.project, project), cwd = coalesce(excluded.cwd, cwd)
    RETURNING id
"""


def of_stream(
    db: apsw.Connection,
    key: StreamKey,
    *,
    project: str | None,
    cwd: str | None,
    started_ms: int,
) -> int:
    """Return the id of the session of a stream `(source, stream id)`, made when it is new."""
    fields = {"source": key[0], "stream_id": key[1], "project": project, "cwd": cwd}
    return int(db.execute(_OPEN, {**fields, "started_ms": started_ms}).get)


def project_of(db: apsw.Connection, session_id: int) -> str | None:
    """Return the project of a session, or None when it has none."""
    found = rows(db, "SELECT project FROM sessions WHERE id = ?", (session_id,))
    return found[0][0] if found else None


def by_hand(db: apsw.Connection, *, project: str | None, cwd: str | None, now_ms: int) -> int:
    """Make a session for what a person writes and return its id."""
    db.execute(
        "INSERT INTO sessions (project, cwd, started_ms, ended_ms) VALUES (?, ?, ?, ?)",
        (project, cwd, now_ms, now_ms),
    )
    return db.last_insert_rowid()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session and how much came of it."""

    id: int
    project: str | None
    cwd: str | None
    source: str | None
    """The host, or None when a person wrote something."""
    stream_id: str | None
    started_ms: int
    ended_ms: int | None
    memories: int
    """Those that are not forgotten."""


_SESSIONS = """
    SELECT s.id, s.project, s.cwd, s.source, s.stream_id, s.started_ms, s.ended_ms,
           (SELECT count(*) FROM memories m WHERE m.session_id = s.id AND m.active = 1)
      FROM sessions s
     WHERE {conditions}
     ORDER BY s.started_ms DESC, s.id DESC
     LIMIT :limit
"""


def get(db: apsw.Connection, session_id: int) -> Session | None:
    """Return a session, or None."""
    found = _sessions(db, "s.id = :id", {"id": session_id, "limit": 1})
    return found[0] if found else None


def recent(
    db: apsw.Connection,
    *,
    limit: int,
    project: str | None = None,
    after: tuple[int, int] | None = None,
) -> list[Session]:
    """Return the newest sessions, newest first.

    `after` is `(started_ms, id)` of the last one of the page before.
    """
    conditions = ["TRUE"]
    values: dict[str, object] = {"limit": limit, "project": project}
    if project:
        conditions.append("s.project = :project")
    if after is not None:
        conditions.append("(s.started_ms, s.id) < (:after_ms, :after_id)")
        values |= {"after_ms": after[0], "after_id": after[1]}
    return _sessions(db, " AND ".join(conditions), values)


def _sessions(db: apsw.Connection, conditions: str, values: dict[str, object]) -> list[Session]:
    names = tuple(Session.__dataclass_fields__)
    found = rows(db, _SESSIONS.format(conditions=conditions), values)
    return [Session(**dict(zip(names, row, strict=True))) for row in found]


_TITLES = """
    SELECT s.id, coalesce(
           (SELECT m.title FROM memories m
             WHERE m.session_id = s.id AND m.kind = 'session_summary' AND m.active = 1
               AND m.superseded_by IS NULL
             ORDER BY m.created_ms, m.id LIMIT 1),
           (SELECT t.first_prompt FROM streams t
             WHERE t.source = s.source AND t.stream_id = s.stream_id),
           (SELECT m.title FROM memories m WHERE m.session_id = s.id AND m.active = 1
             ORDER BY m.created_ms, m.id LIMIT 1))
      FROM sessions s WHERE s.id IN (SELECT value FROM json_each(?))
"""


def titles(db: apsw.Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return what each session was about: its first summary, else its first prompt."""
    found = rows(db, _TITLES, (json.dumps(list(ids)),))
    return {session: title for session, title in found if title}


# From one value to the next larger one by the index: 100,000 rows are not read for 20 names.
_DISTINCT = """
    WITH RECURSIVE each (name) AS (
        SELECT min({column}) FROM {table}
        UNION ALL
        SELECT (SELECT min({column}) FROM {table} WHERE {column} > name) FROM each
         WHERE name IS NOT NULL)
    SELECT name FROM each WHERE name <> ''
"""
_PROJECTS = _DISTINCT.format(column="project", table="memories")
_KINDS = _DISTINCT.format(column="kind", table="memories")
_HOSTS = _DISTINCT.format(column="source", table="sessions")


def projects(db: apsw.Connection) -> list[str]:
    """Return every project that has memories, sorted."""
    return [name for (name,) in rows(db, _PROJECTS)]


def kinds(db: apsw.Connection) -> list[str]:
    """Return every kind of memory that there is, sorted."""
    return [name for (name,) in rows(db, _KINDS)]


def hosts(db: apsw.Connection) -> list[str]:
    """Return every host that sent events, sorted."""
    return [name for (name,) in rows(db, _HOSTS)]


def counts(db: apsw.Connection, project: str | None) -> dict[str, int]:
    """Return how many prompts and memories there are, forgotten ones too."""
    query = """
        SELECT (SELECT count(*) FROM memories WHERE :project IS NULL OR project = :project),
               (SELECT count(*) FROM memories
                 WHERE kind <> 'session_summary' AND (:project IS NULL OR project = :project)),
               (SELECT count(*) FROM raw_events e JOIN streams s ON s.id = e.stream
                 WHERE e.kind = 'prompt' AND (:project IS NULL OR s.project = :project))
    """
    memories, observations, prompts = rows(db, query, {"project": project})[0]
    return {"memories": memories, "observations": observations, "prompts": prompts}
