"""Write what comes from elsewhere: with the state, the times and the key it had there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session to bring over."""

    key: str
    """What it was called there: the same key is the same session."""
    stream: StreamKey | None
    """Source and stream id, if a host made it."""
    started_ms: int
    project: str | None = None
    cwd: str | None = None
    ended_ms: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a new memory cannot have and an old one has."""

    active: bool = True
    deleted_ms: int | None = None
    updated_ms: int | None = None
    confirmed: bool = False
    pinned: bool = False
    project: str | None = None
    support: int = 1
    seen_ms: int = 0
    told: int = 0
    used: int = 0
    outdated_by: str = ""
    """The key of the newer memory that says otherwise; see `outdate`."""


_STATE = tuple(State.__dataclass_fields__)
_INSERT_SESSION = """
    INSERT INTO sessions (source, stream_id, project, cwd, started_ms, ended_ms, metadata)
    VALUES (:source, :stream_id, :project, :cwd, :started_ms, :ended_ms, :metadata)
"""


def session(db: apsw.Connection, given: Session) -> tuple[int, bool]:
    """Return the id of a session brought over, and whether it is new here.

    Of a stream that codemem has seen itself, the session that is there takes the old metadata in.
    One that no host made keeps its key as its stream id, with no source.
    """
    source, stream_id = given.stream or (None, given.key)
    metadata = json.dumps({**given.metadata, "adopted": given.key})
    found = rows(
        db,
        "SELECT id, metadata ->> '$.adopted' FROM sessions WHERE source IS ? AND stream_id = ?",
        (source, stream_id),
    )
    if found:
        ours, known = found[0]
        if known is None:
            merge = "UPDATE sessions SET metadata = json_patch(?, metadata) WHERE id = ?"
            db.execute(merge, (metadata, ours))
        return ours, known is None
    return _insert_session(db, given), True


def _insert_session(db: apsw.Connection, given: Session) -> int:
    source, stream_id = given.stream or (None, given.key)
    names = ("project", "cwd", "started_ms", "ended_ms")
    fields = {name: getattr(given, name) for name in names}
    metadata = json.dumps({**given.metadata, "adopted": given.key})
    db.execute(
        _INSERT_SESSION,
        fields | {"source": source, "stream_id": stream_id, "metadata": metadata},
    )
    return db.last_insert_rowid()


_SAME_SESSION = """
    SELECT id FROM sessions WHERE source IS :source AND stream_id = :stream_id
    UNION ALL
    SELECT id FROM sessions
     WHERE :source IS NULL AND source IS NULL AND stream_id IS NULL
       AND started_ms = :started_ms AND cwd IS :cwd AND project IS :project
     LIMIT 1
"""


def session_of(db: apsw.Connection, given: Session) -> tuple[int, bool]:
    """Return the id of a session and whether it was made now; one that is there stays as it is.

    One that no host made, and that has no key yet, is known again by when and where it was.
    """
    found = find_session(db, given)
    return (found, False) if found is not None else (_insert_session(db, given), True)


def find_session(db: apsw.Connection, given: Session) -> int | None:
    """Return the id of the same session here, or None."""
    source, stream_id = given.stream or (None, given.key)
    place = {"source": source, "stream_id": stream_id, "started_ms": given.started_ms}
    found = rows(db, _SAME_SESSION, place | {"cwd": given.cwd, "project": given.project})
    return found[0][0] if found else None


def is_there(db: apsw.Connection, *keys: str) -> bool:
    """Say whether a memory has one of these keys."""
    query = "SELECT 1 FROM memories WHERE key IN (SELECT value FROM json_each(?))"
    return bool(rows(db, query, (json.dumps(keys),)))


COLUMNS = (
    "key", "kind", "title", "body", "subtitle", "narrative", "confidence", "origin", "held",
    "prompt_number", "extractor", "extractor_version", "facts", "concepts", "files_read",
    "files_modified", "tags", "metadata", "words", "created_ms", "updated_ms", "active",
    "deleted_ms", "confirmed", "pinned", "support", "seen_ms", "told", "used", "scope", "project",
)  # fmt: skip
"""What a memory is in its table, but for its session."""
_ADD = f"""
    INSERT INTO memories ({", ".join(COLUMNS)}, session_id)
    SELECT {", ".join("?" * (len(COLUMNS) - 1))}, coalesce(?, s.project), s.id
      FROM sessions s
     WHERE s.id = ? AND NOT EXISTS (SELECT 1 FROM memories WHERE key = ?)
    ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - our own names


def row_of(new: NewMemory, state: State, *, now_ms: int) -> tuple[Any, ...]:
    """Return a memory and its state as `COLUMNS`: what takes time, before anything is locked."""
    fields = memories.columns(new) | {name: getattr(state, name) for name in _STATE}
    fields["created_ms"] = fields["created_ms"] or now_ms
    fields["updated_ms"] = fields["updated_ms"] or now_ms
    return tuple(fields[name] for name in COLUMNS)


def add(db: apsw.Connection, row: Sequence[Any], *, session_id: int, known_as: str) -> bool:
    """Write a row of `COLUMNS`; say whether neither its key nor `known_as` was there before."""
    db.execute(_ADD, (*row, session_id, known_as))
    return bool(db.changes())


def outdate(db: apsw.Connection, key: str, newer: str) -> None:
    """Note that the memory with the key `newer`, if it is here, says otherwise than another."""
    change = "UPDATE memories SET outdated_by = (SELECT id FROM memories WHERE key = ?)"
    db.execute(f"{change} WHERE key = ?", (newer, key))


def prompts(db: apsw.Connection, session_id: int, given: Sequence[Mapping[str, Any]]) -> set[Any]:
    """Add prompts, told apart by their `id`, to a session's metadata; return the new ids."""
    query = "SELECT coalesce(metadata -> '$.prompts', '[]') FROM sessions WHERE id = ?"
    there = json.loads(db.execute(query, (session_id,)).get)
    known = {prompt["id"] for prompt in there}
    new = [prompt for prompt in given if prompt["id"] not in known]
    if new:
        change = (
            "UPDATE sessions SET metadata = json_set(metadata, '$.prompts', json(?)) WHERE id = ?"
        )
        db.execute(change, (json.dumps([*there, *map(dict, new)]), session_id))
    return {prompt["id"] for prompt in new}


_SETTLE = """
    UPDATE memories SET active = :active, deleted_ms = :deleted_ms, confirmed = :confirmed,
        pinned = :pinned, updated_ms = coalesce(:updated_ms, updated_ms),
        project = coalesce(:project, project)
    WHERE key = :key
"""


def settle(db: apsw.Connection, key: str, state: State, *, new: bool) -> None:
    """Give a memory the state it had; one that was there before is only ever confirmed."""
    fields = {name: getattr(state, name) for name in _STATE}
    if new:
        db.execute(_SETTLE, fields | {"key": key})
    elif state.confirmed:
        db.execute("UPDATE memories SET confirmed = 1 WHERE key = ?", (key,))


def refresh(db: apsw.Connection, key: str, metadata: str, *, now_ms: int) -> bool:
    """Replace a memory's metadata, given as JSON; say whether that changed anything."""
    db.execute(
        "UPDATE memories SET metadata = :metadata, updated_ms = :now"
        " WHERE key = :key AND metadata <> :metadata",
        {"key": key, "metadata": metadata, "now": now_ms},
    )
    return bool(db.changes())


FILE = "json_extract(metadata, '$.place[0]', '$.place[1]')"
"""The program and the file that a memory is from: the first two of its place."""
_RETIRE = f"""
    UPDATE memories SET active = 0, deleted_ms = :now, updated_ms = :now
     WHERE active = 1 AND confirmed = 0 AND pinned = 0 AND extractor = :extractor
       AND session_id IN (SELECT session_id FROM memories WHERE key = :present)
       AND {FILE} = json(:place)
       AND key NOT IN (SELECT value FROM json_each(:keys))
"""  # noqa: S608 - our own names


def retire(
    db: apsw.Connection, place: Sequence[str], present: Sequence[str], *, now_ms: int
) -> int:
    """Forget what was imported from a file and is not said there any more."""
    fields = {
        "place": json.dumps(place, ensure_ascii=False),
        "extractor": f"import-{place[0]}",
        "present": present[0],
        "keys": json.dumps(present),
        "now": now_ms,
    }
    db.execute(_RETIRE, fields)
    return db.changes()


def usage_keys(db: apsw.Connection) -> set[str]:
    """Return the keys of the calls brought over so far."""
    query = "SELECT metadata ->> '$.adopted' FROM usage_events WHERE metadata LIKE '%\"adopted\"%'"
    return {key for (key,) in rows(db, query)}


_USAGE = """
    INSERT INTO usage_events (session_id, event, tokens_read, tokens_written, tokens_saved,
                              created_ms, metadata)
    VALUES (:session, :event, :tokens_read, :tokens_written, :tokens_saved, :created_ms,
            json_set(:metadata, '$.adopted', :key))
"""


def usage(db: apsw.Connection, fields: Mapping[str, Any]) -> None:
    """Write down one call."""
    db.execute(_USAGE, dict(fields))
