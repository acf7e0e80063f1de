"""Read what an export takes along, page by page.

A page is one short read: a snapshot of the whole would keep the log from being emptied for as long
as somebody looks at the export in a pager.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

_PAGE = 500
_SESSIONS = """
    SELECT s.id, s.source, s.stream_id, s.project, s.cwd, s.started_ms, s.ended_ms, s.metadata
      FROM sessions s
     WHERE s.id > :after AND s.id <= :last AND {wanted}
     ORDER BY s.id LIMIT :page
"""
_MEMORIES = """
    SELECT m.id, m.key, m.session_id, m.kind, m.title, m.body, m.subtitle, m.facts, m.narrative,
           m.concepts, m.files_read, m.files_modified, m.tags, m.confidence, m.origin, m.confirmed,
           m.pinned, m.active, m.project, m.prompt_number, m.created_ms, m.updated_ms,
           m.deleted_ms, m.superseded_by, m.extractor, m.extractor_version, m.metadata,
           m.support, m.seen_ms, m.told, m.used, m.held, m.scope, n.key AS outdated_by
      FROM memories m JOIN sessions s ON s.id = m.session_id
           LEFT JOIN memories n ON n.id = m.outdated_by
     WHERE m.id > :after AND m.id <= :last AND {wanted}
     ORDER BY m.id LIMIT :page
"""
_JSON = ("facts", "concepts", "files_read", "files_modified", "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sessions leave, with what belongs to them."""

    project: str | None = None
    since_ms: int | None = None
    """Sessions that started before this stay."""
    inactive: bool = False
    """Forgotten and superseded memories leave, too."""

    def of_memories(self) -> str:
        """Return the condition on memories `m` of sessions `s`."""
        conditions = ["s.started_ms >= :since" if self.since_ms is not None else "TRUE"]
        if self.project is not None:
            conditions.append("m.project = :project")
        if not self.inactive:
            conditions.append("m.active = 1")
        return " AND ".join(conditions)

    def of_sessions(self) -> str:
        """Return the condition on sessions `s`: the project's, and those with a memory of it."""
        conditions = ["s.started_ms >= :since" if self.since_ms is not None else "TRUE"]
        if self.project is not None:
            conditions.append(
                "(s.project = :project OR EXISTS (SELECT 1 FROM memories m"
                " WHERE m.session_id = s.id AND m.project = :project))"
            )
        return " AND ".join(conditions)

    def values(self) -> dict[str, Any]:
        """Return what the conditions name."""
        return {"project": self.project, "since": self.since_ms}


def count(store: Store, wanted: Wanted) -> tuple[int, int, list[str]]:
    """Return how many sessions and memories leave, and of which projects."""
    memories = (
        f"FROM memories m JOIN sessions s ON s.id = m.session_id WHERE {wanted.of_memories()}"
    )
    with store.read() as db:
        sessions = f"SELECT count(*) FROM sessions s WHERE {wanted.of_sessions()}"  # noqa: S608
        of_sessions = db.execute(sessions, wanted.values()).get
        of_memories = db.execute(f"SELECT count(*) {memories}", wanted.values()).get
        names = rows(
            db,
            f"SELECT DISTINCT m.project {memories} AND m.project <> '' ORDER BY 1",
            wanted.values(),
        )
    return of_sessions, of_memories, [name for (name,) in names]


def sessions(store: Store, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    """Yield sessions by column name, oldest id first; `metadata` is an object."""
    return _pages(store, "sessions", _SESSIONS.format(wanted=wanted.of_sessions()), wanted)


def memories(store: Store, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    """Yield memories by column name, oldest id first; lists and `metadata` are JSON values.

    `outdated_by` is the key of the newer memory, not its id.
    """
    return _pages(store, "memories", _MEMORIES.format(wanted=wanted.of_memories()), wanted)


_ASKED = """
    SELECT e.event_id, e.payload ->> '$._adapter.payload.prompt_number',
           e.payload ->> '$._adapter.payload.text', coalesce(e.ts_ms, e.received_ms)
      FROM streams s JOIN raw_events e ON e.stream = s.id AND e.kind = 'prompt'
     WHERE s.source = ? AND s.stream_id = ?
     ORDER BY e.seq
"""


def prompts(store: Store, session: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what people asked in a session: brought over with it, and as events still kept."""
    listed = session["metadata"].get("prompts")
    given = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    found = {each["id"]: each for each in given if "id" in each}
    with store.read() as db:
        asked = rows(db, _ASKED, (session["source"], session["stream_id"]))
    for event_id, number, text, at_ms in asked:
        key = f"event|{session['source']}|{session['stream_id']}|{event_id}"
        if text and all(each.get("text") != text for each in given):
            found.setdefault(key, {"id": key, "number": number, "text": text, "at_ms": at_ms})
    return list(found.values())


def _pages(store: Store, table: str, query: str, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    with store.read() as db:
        last = db.execute(f"SELECT max(id) FROM {table}").get or 0  # noqa: S608
    after, columns = 0, [name.split()[-1].rpartition(".")[2] for name in _columns(query)]
    while True:
        values = {**wanted.values(), "after": after, "last": last, "page": _PAGE}
        with store.read() as db:
            page = rows(db, query, values)
        for row in page:
            yield _decoded(dict(zip(columns, row, strict=True)))
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _columns(query: str) -> list[str]:
    return query.partition("SELECT")[2].partition("FROM")[0].split(",")


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: json.loads(row[name]) for name in _JSON if name in row}
