"""Sessions: one for each stream, one for each time a person remembers something."""

from __future__ import annotations

import apsw

_OPEN = """
    INSERT INTO sessions (source, stream_id, project, cwd, started_ms)
    VALUES (:source, :stream_id, :project, :cwd, :started_ms)
    ON CONFLICT (source, stream_id) DO UPDATE SET
        project = coalesce(excluded.project, project), cwd = coalesce(excluded.cwd, cwd)
    RETURNING id
"""


def of_stream(
    db: apsw.Connection,
    key: tuple[str, str],
    *,
    project: str | None,
    cwd: str | None,
    started_ms: int,
) -> int:
    """Return the id of the session of a stream `(source, stream id)`, made when it is new."""
    fields = {"source": key[0], "stream_id": key[1], "project": project, "cwd": cwd}
    return int(db.execute(_OPEN, {**fields, "started_ms": started_ms}).get)


def by_hand(db: apsw.Connection, *, project: str | None, cwd: str | None, now_ms: int) -> int:
    """Make a session for what a person writes and return its id."""
    db.execute(
        "INSERT INTO sessions (project, cwd, started_ms, ended_ms) VALUES (?, ?, ?, ?)",
        (project, cwd, now_ms, now_ms),
    )
    return db.last_insert_rowid()
