"""Memories: add once, read, list, forget."""

from __future__ import annotations

import json
from typing import Any

import apsw

from codemem_core.records.memory import Memory, NewMemory
from codemem_core.store.connection import rows
from codemem_core.store.words import hidden_words

_ADD = """
    INSERT INTO memories
        (key, session_id, batch, kind, title, body, subtitle, facts, narrative, concepts,
         files_read, files_modified, tags, words, confidence, origin, project, prompt_number,
         created_ms, updated_ms, extractor, extractor_version, metadata)
    SELECT :key, s.id, :batch, :kind, :title, :body, :subtitle, :facts, :narrative, :concepts,
           :files_read, :files_modified, :tags, :words, :confidence, :origin, s.project,
           :prompt_number, :created_ms, :now, :extractor,
           :extractor_version, :metadata
      FROM sessions s WHERE s.id = :session
    ON CONFLICT (key) DO NOTHING
"""

_LISTS = ("facts", "concepts", "files_read", "files_modified")
_PLAIN = ("key", "kind", "title", "body", "subtitle", "narrative", "confidence", "origin")
_MORE = ("prompt_number", "extractor", "extractor_version")


def add(
    db: apsw.Connection, new: NewMemory, *, session_id: int, batch: int | None = None, now_ms: int
) -> int | None:
    """Write a memory and return its id, or None when its key is there already."""
    fields: dict[str, Any] = {name: getattr(new, name) for name in (*_PLAIN, *_MORE)}
    fields |= {name: _dump(list(getattr(new, name))) for name in _LISTS}
    fields |= {"tags": " ".join(new.tags), "metadata": _dump(dict(new.metadata))}
    fields["words"] = _words(new)
    fields |= {"session": session_id, "batch": batch, "now": now_ms}
    fields["created_ms"] = new.created_ms or now_ms
    db.execute(_ADD, fields)
    return db.last_insert_rowid() if db.changes() else None


def _words(new: NewMemory) -> str:
    """Return what is indexed of a memory beside title, body and tags."""
    told = [new.subtitle, *new.facts]
    hidden = hidden_words(
        " ".join([new.title, new.body, *told, *new.files_read, *new.files_modified])
    )
    return " ".join(filter(None, [*told, hidden]))


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_COLUMNS = """
    m.id, m.session_id, m.kind, m.title, m.body, m.subtitle, m.facts, m.narrative, m.concepts,
    m.files_read, m.files_modified, m.tags, m.confidence, m.origin, m.confirmed, m.active,
    m.project, s.source, m.prompt_number, m.created_ms, m.updated_ms, m.extractor,
    m.extractor_version, m.metadata, m.superseded_by
"""
_NAMES = tuple(Memory.__dataclass_fields__)


def get(db: apsw.Connection, memory_id: int) -> Memory | None:
    """Return a memory, forgotten ones too, or None."""
    query = (
        f"SELECT {_COLUMNS} FROM memories m JOIN sessions s ON s.id = m.session_id WHERE m.id = ?"  # noqa: S608
    )
    found = rows(db, query, (memory_id,))
    return _memory(found[0]) if found else None


_RECENT = f"""
    SELECT {_COLUMNS} FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE m.active = 1 AND (:kind IS NULL OR m.kind = :kind)
       AND (:project IS NULL OR m.project = :project)
     ORDER BY m.created_ms DESC, m.id DESC
     LIMIT :limit
"""  # noqa: S608 - column names of ours


def recent(
    db: apsw.Connection, *, limit: int, kind: str | None = None, project: str | None = None
) -> list[Memory]:
    """Return the newest memories that are not forgotten, newest first."""
    found = rows(db, _RECENT, {"limit": limit, "kind": kind, "project": project})
    return [_memory(row) for row in found]


_BESIDE = """
    SELECT {columns} FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE m.session_id = :session AND m.active = 1
       AND (m.created_ms, m.id) {side} (:created_ms, :id)
     ORDER BY m.created_ms {order}, m.id {order}
     LIMIT :limit
"""
_BEFORE = _BESIDE.format(columns=_COLUMNS, side="<", order="DESC")
_AFTER = _BESIDE.format(columns=_COLUMNS, side=">", order="ASC")


def around(db: apsw.Connection, memory: Memory, *, before: int, after: int) -> list[Memory]:
    """Return a memory between its neighbours in the same session, oldest first."""
    place = {"session": memory.session_id, "created_ms": memory.created_ms, "id": memory.id}
    older = rows(db, _BEFORE, place | {"limit": before})
    newer = rows(db, _AFTER, place | {"limit": after})
    return [*(_memory(row) for row in reversed(older)), memory, *(_memory(row) for row in newer)]


def forget(db: apsw.Connection, memory_id: int, *, now_ms: int) -> bool:
    """Take a memory out of search and packs; say whether there was one to take out."""
    db.execute(
        "UPDATE memories SET active = 0, deleted_ms = :now, updated_ms = :now"
        " WHERE id = :id AND active = 1",
        {"now": now_ms, "id": memory_id},
    )
    return bool(db.changes())


def _memory(row: tuple[Any, ...]) -> Memory:
    fields = dict(zip(_NAMES, row, strict=True))
    for name in _LISTS:
        fields[name] = tuple(json.loads(fields[name]))
    fields["tags"] = tuple(fields["tags"].split())
    fields["metadata"] = json.loads(fields["metadata"])
    fields["active"] = bool(fields["active"])
    fields["confirmed"] = bool(fields["confirmed"])
    return Memory(**fields)
