"""Memories: add once, read, list, correct, forget."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apsw

from codemem_core.errors import NotFound
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.store.conditions import CURRENT, HELD
from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import hidden_words

_ADD = """
    INSERT INTO memories
        (key, session_id, batch, kind, title, body, subtitle, facts, narrative, concepts,
         files_read, files_modified, tags, words, confidence, origin, held, project, prompt_number,
         created_ms, updated_ms, extractor, extractor_version, metadata, scope)
    SELECT :key, s.id, :batch, :kind, :title, :body, :subtitle, :facts, :narrative, :concepts,
           :files_read, :files_modified, :tags, :words, :confidence, :origin, :held,
           s.project, :prompt_number, :created_ms, :now, :extractor,
           :extractor_version, :metadata, :scope
      FROM sessions s WHERE s.id = :session
    ON CONFLICT (key) DO NOTHING
"""

_LISTS = ("facts", "concepts", "files_read", "files_modified")
_PLAIN = ("key", "kind", "title", "body", "subtitle", "narrative", "confidence", "origin",
          "held", "scope")  # fmt: skip
_MORE = ("prompt_number", "extractor", "extractor_version")


def add(
    db: apsw.Connection, new: NewMemory, *, session_id: int, batch: int | None = None, now_ms: int
) -> int | None:
    """Write a memory and return its id, or None when its key is there already."""
    fields = columns(new) | {"session": session_id, "batch": batch, "now": now_ms}
    fields["created_ms"] = new.created_ms or now_ms
    db.execute(_ADD, fields)
    return db.last_insert_rowid() if db.changes() else None


def columns(new: NewMemory) -> dict[str, Any]:
    """Return what a memory is in its table, by column; working out `words` takes the time."""
    fields: dict[str, Any] = {name: getattr(new, name) for name in (*_PLAIN, *_MORE)}
    fields |= {name: _dump(list(getattr(new, name))) for name in _LISTS}
    fields |= {"tags": " ".join(new.tags), "metadata": _dump(dict(new.metadata))}
    return fields | {"words": _words(new), "created_ms": new.created_ms}


def _words(new: NewMemory | Memory) -> str:
    """Return what is indexed of a memory beside title, body and tags."""
    told = [new.subtitle, *new.facts]
    hidden = hidden_words(
        " ".join([new.title, new.body, *told, *new.files_read, *new.files_modified])
    )
    return " ".join(filter(None, [*told, hidden]))


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_COLUMNS = f"""
    m.id, m.session_id, m.kind, m.title, m.body, m.subtitle, m.facts, m.narrative, m.concepts,
    m.files_read, m.files_modified, m.tags, m.confidence, m.origin, m.confirmed, m.pinned,
    m.active, m.project, s.source, m.prompt_number, m.created_ms, m.updated_ms, m.extractor,
    m.extractor_version, m.metadata, m.superseded_by, m.outdated_by, m.support, m.seen_ms,
    m.scope, {HELD}
"""
_NAMES = tuple(Memory.__dataclass_fields__)


def get(db: apsw.Connection, memory_id: int) -> Memory | None:
    """Return a memory, forgotten ones too, or None."""
    query = (
        f"SELECT {_COLUMNS} FROM memories m JOIN sessions s ON s.id = m.session_id WHERE m.id = ?"  # noqa: S608
    )
    found = rows(db, query, (memory_id,))
    return _memory(found[0]) if found else None


def id_of(db: apsw.Connection, key: str) -> int | None:
    """Return the id of the memory that was written under a key, or None."""
    found = rows(db, "SELECT id FROM memories WHERE key = ?", (key,))
    return int(found[0][0]) if found else None


def key_of(db: apsw.Connection, memory_id: int) -> str:
    """Return the key that a memory was written under; raises `NotFound`."""
    found = rows(db, "SELECT key FROM memories WHERE id = ?", (memory_id,))
    if not found:
        raise NotFound(f"no such memory: `{memory_id}`")
    return str(found[0][0])


_OUTDATE = """
    UPDATE memories SET outdated_by = :newer
     WHERE id = :id AND id <> :newer AND outdated_by IS NULL AND confirmed = 0 AND pinned = 0
"""


def outdate(db: apsw.Connection, memory_id: int, *, by: int) -> bool:
    """Note that a newer memory says otherwise, and say whether it is so now.

    Both stay; search and packs prefer the newer. What a person confirmed or pinned is left alone.
    """
    db.execute(_OUTDATE, {"id": memory_id, "newer": by})
    return bool(db.changes())


_SUMMARY = """
    SELECT {columns} FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE m.session_id = ? AND m.kind = 'session_summary' AND m.active = 1 AND {current}
     ORDER BY m.created_ms DESC, m.id DESC
     LIMIT 1
"""


def summary_of(db: apsw.Connection, session_id: int) -> Memory | None:
    """Return the summary that holds for a session now, or None."""
    query = _SUMMARY.format(columns=_COLUMNS, current=CURRENT)
    found = rows(db, query, (session_id,))
    return _memory(found[0]) if found else None


def batch_of(db: apsw.Connection, memory_id: int) -> int | None:
    """Return the batch a memory came from, or None."""
    found = rows(db, "SELECT batch FROM memories WHERE id = ?", (memory_id,))
    return found[0][0] if found else None


def existing(db: apsw.Connection, memory_id: int) -> Memory:
    """Return a memory, forgotten ones too; raises `NotFound`."""
    memory = get(db, memory_id)
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`")
    return memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which memories a list holds; what is left empty does not narrow it."""

    kinds: tuple[str, ...] = ()
    project: str | None = None
    host: str | None = None
    """The source of its session; `BY_HAND` for what a person wrote."""
    since_ms: int | None = None
    until_ms: int | None = None
    """Epoch milliseconds; the moment itself is not in the list."""
    pinned: bool | None = None
    """True: only those that are."""
    shared: bool | None = None
    """True: only those marked as such."""
    current: bool | None = None
    """True: only those that no newer one outdates."""

    def conditions(self) -> tuple[str, dict[str, Any]]:
        """Return the filter as SQL over `memories m`, and the values it names.

        Only the fields that are set occur in it: `:x IS NULL OR …` would keep SQLite from using an
        index, and a page of 100,000 memories took 120 ms.
        """
        sql, values = [], {}
        for name, condition in _CONDITIONS.items():
            value = getattr(self, name)
            if value is not None and value != ():
                sql.append(condition)
                values[name] = value
        if len(self.kinds) == 1:
            sql[0], values["kinds"] = "m.kind = :kinds", self.kinds[0]
        elif self.kinds:
            values["kinds"] = json.dumps(self.kinds)
        if self.host == BY_HAND:
            sql = [_BY_HAND if part == _CONDITIONS["host"] else part for part in sql]
        return " AND ".join(["m.active = 1", *sql]), values


BY_HAND = "hand"
"""Stands for the host of memories that no host sent."""
# A `+` keeps a column's index out of the plan: these lists are read along their time.
_CONDITIONS = {
    "kinds": "+m.kind IN (SELECT value FROM json_each(:kinds))",
    "project": "m.project = :project",
    "host": "+m.session_id IN (SELECT id FROM sessions WHERE source = :host)",
    "since_ms": "m.created_ms >= :since_ms",
    "until_ms": "m.created_ms < :until_ms",
    "pinned": "m.pinned",
    "shared": "m.metadata ->> '$.visibility' = 'shared'",
    "current": CURRENT,
}
_BY_HAND = "+m.session_id IN (SELECT id FROM sessions WHERE source IS NULL)"

_PAGE = """
    SELECT {columns} FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE {conditions}
     ORDER BY m.created_ms DESC, m.id DESC
     LIMIT :limit
"""


def page(
    db: apsw.Connection, wanted: Filter, *, limit: int, after: tuple[int, int] | None = None
) -> list[Memory]:
    """Return the newest memories that are not forgotten, newest first.

    `after` is `(created_ms, id)` of the last one of the page before: a page costs the same however
    deep it lies.
    """
    conditions, values = wanted.conditions()
    values["limit"] = limit
    if after is not None:
        conditions += " AND (m.created_ms, m.id) < (:after_ms, :after_id)"
        values |= {"after_ms": after[0], "after_id": after[1]}
    query = _PAGE.format(columns=_COLUMNS, conditions=conditions)
    return [_memory(row) for row in rows(db, query, values)]


def recent(
    db: apsw.Connection, *, limit: int, kind: str | None = None, project: str | None = None
) -> list[Memory]:
    """Return the newest memories that are not forgotten, newest first."""
    return page(db, Filter(kinds=(kind,) if kind else (), project=project), limit=limit)


_STARTING = """
    SELECT {columns} FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
                     JOIN sessions s ON s.id = m.session_id
     WHERE memories_fts MATCH :start AND {conditions}
     ORDER BY f.rowid DESC
     LIMIT :limit
"""


def starting_with(
    db: apsw.Connection, words: Sequence[str], wanted: Filter, *, limit: int
) -> list[Memory]:
    """Return the latest memories that hold all `words`, of the last one the beginning.

    Words are letters and digits only.
    """
    conditions, values = wanted.conditions()
    query = _STARTING.format(columns=_COLUMNS, conditions=conditions)
    values |= {"start": " AND ".join(f'"{word}"' for word in words) + " *", "limit": limit}
    return [_memory(row) for row in rows(db, query, values)]


def of_session(db: apsw.Connection, session_id: int) -> list[Memory]:
    """Return the memories of a session that are not forgotten, oldest first; at most 500."""
    query = (
        f"SELECT {_COLUMNS} FROM memories m JOIN sessions s ON s.id = m.session_id"  # noqa: S608
        " WHERE m.session_id = ? AND m.active = 1 ORDER BY m.created_ms, m.id LIMIT 500"
    )
    return [_memory(row) for row in rows(db, query, (session_id,))]


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


_WORK = """
    WITH work AS (
        SELECT json_extract(metadata, '$.discovery_tokens') AS tokens,
               coalesce(json_extract(metadata, '$.discovery_group'), 'memory ' || id) AS task
          FROM memories WHERE id IN (SELECT value FROM json_each(?)))
    SELECT coalesce(sum(most), 0) FROM (SELECT max(tokens) AS most FROM work GROUP BY task)
"""


def work_tokens(db: apsw.Connection, ids: Sequence[int]) -> int:
    """Return what it took to find these out, as far as that was counted.

    Memories of one observation share its cost: the largest figure of a group counts once.
    """
    return int(rows(db, _WORK, (json.dumps(list(ids)),))[0][0])


def forget(db: apsw.Connection, memory_id: int, *, now_ms: int) -> bool:
    """Take a memory out of search and packs; say whether there was one to take out."""
    db.execute(
        "UPDATE memories SET active = 0, deleted_ms = :now, updated_ms = :now"
        " WHERE id = :id AND active = 1",
        {"now": now_ms, "id": memory_id},
    )
    return bool(db.changes())


def restore(db: apsw.Connection, memory_id: int, *, now_ms: int) -> bool:
    """Take back that a memory was forgotten; say whether there was something to take back."""
    db.execute(
        "UPDATE memories SET active = 1, deleted_ms = NULL, updated_ms = :now"
        " WHERE id = :id AND active = 0",
        {"now": now_ms, "id": memory_id},
    )
    return bool(db.changes())


_EDITABLE = frozenset(
    {"title", "body", "narrative", "facts", "tags", "pinned", "confirmed", "held", "metadata"}
)


def edit(
    db: apsw.Connection, memory_id: int, changes: Mapping[str, Any], *, now_ms: int
) -> Memory | None:
    """Set fields of a memory and return it as it was before, or None when there is none.

    `changes` by field of `Memory`: title, body, narrative, facts, tags, pinned, confirmed, held,
    metadata.
    """
    before = get(db, memory_id)
    if before is None or not changes:
        return before
    assert changes.keys() <= _EDITABLE
    fields = {name: _column(name, value) for name, value in changes.items()}
    fields["words"] = _words(replace(before, **changes))
    columns = ", ".join(f"{name} = :{name}" for name in fields)
    db.execute(
        f"UPDATE memories SET {columns}, updated_ms = :now WHERE id = :id",  # noqa: S608
        fields | {"id": memory_id, "now": now_ms},
    )
    return before


def _column(name: str, value: Any) -> Any:  # noqa: ANN401
    if name == "tags":
        return " ".join(value)
    if name == "metadata":
        return _dump(dict(value))
    return _dump(list(value)) if name in _LISTS else value


def _memory(row: tuple[Any, ...]) -> Memory:
    fields = dict(zip(_NAMES, row, strict=True))
    for name in _LISTS:
        fields[name] = tuple(json.loads(fields[name]))
    fields["tags"] = tuple(fields["tags"].split())
    fields["metadata"] = json.loads(fields["metadata"])
    fields["active"] = bool(fields["active"])
    fields["confirmed"] = bool(fields["confirmed"])
    fields["pinned"] = bool(fields["pinned"])
    fields["held"] = bool(fields["held"])
    return Memory(**fields)
