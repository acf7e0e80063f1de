"""Give memories, sessions and streams to another project, and remember it for what comes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import apsw

from codemem_core.project import normalize_label
from codemem_core.store.engine.connection import rows
from codemem_core.store.projects import is_below

_IN = "project = :old AND (:below IS NULL OR cwd IN (SELECT value FROM json_each(:below)))"
_OF_SESSION = f"session_id IN (SELECT id FROM sessions WHERE {_IN})"  # noqa: S608
_WHICH = {
    "memories": f"project = :old AND (:below IS NULL OR {_OF_SESSION})",
    "sessions": _IN,
    "streams": _IN,
    "usage_events": f"metadata ->> '$.project' = :old AND (:below IS NULL OR {_OF_SESSION})",
}
TABLES = tuple(_WHICH)
"""What a move changes."""
_SET = {"usage_events": "metadata = json_set(metadata, '$.project', :new)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project and what it has."""

    name: str
    memories: int
    """Those that are not forgotten."""
    sessions: int
    last_ms: int | None
    """When something last happened, epoch milliseconds."""
    folders: tuple[str, ...]
    """Where its sessions worked, most used first, at most 5."""
    remotes: tuple[str, ...]
    rules: tuple[str, ...]
    """What people decided: other labels and folders that count as this project."""


_PROJECTS = """
    WITH names (name) AS (
        SELECT project FROM memories UNION SELECT project FROM sessions
        UNION SELECT project FROM streams)
    SELECT name,
           (SELECT count(*) FROM memories m WHERE m.project = name AND m.active = 1),
           coalesce(s.sessions, 0),
           nullif(max(coalesce(s.last_ms, 0), coalesce(
               (SELECT max(created_ms) FROM memories m WHERE m.project = name), 0)), 0)
      FROM names LEFT JOIN (
          SELECT project, count(*) AS sessions, max(started_ms) AS last_ms
            FROM sessions GROUP BY project) s ON s.project = name
     WHERE name <> '' ORDER BY name
"""
_FOLDERS = """
    SELECT cwd FROM sessions WHERE project = ? AND cwd IS NOT NULL
     GROUP BY cwd ORDER BY count(*) DESC, cwd LIMIT 5
"""
_PLACES = "SELECT kind, value FROM places WHERE project = ? ORDER BY kind, value"


def listed(db: apsw.Connection) -> list[Project]:
    """Return every project, by name."""
    found = []
    for name, memories, sessions, last_ms in rows(db, _PROJECTS):
        places = rows(db, _PLACES, (name,))
        found.append(
            Project(
                name=name,
                memories=memories,
                sessions=sessions,
                last_ms=last_ms,
                folders=tuple(cwd for (cwd,) in rows(db, _FOLDERS, (name,))),
                remotes=tuple(value for kind, value in places if kind == "remote"),
                rules=tuple(f"{k} {value}" for k, value in places if k in {"label", "folder"}),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What goes where."""

    old: str
    new: str | None
    under: str | None = None
    """Only what was done in or below this folder."""
    later: bool = True
    """Whether what is called `old`, or happens below `under`, counts as `new` from now on, too."""


def counted(db: apsw.Connection, move: Move) -> dict[str, int]:
    """Return how many rows of each table a move would change."""
    values = _values(db, move)
    return {
        table: int(db.execute(f"SELECT count(*) FROM {table} WHERE {which}", values).get)  # noqa: S608
        for table, which in _WHICH.items()
    }


def carry_out(db: apsw.Connection, move: Move, *, now_ms: int) -> dict[str, int]:
    """Give memories, sessions and streams to another project; return how many rows of each."""
    values = {**_values(db, move), "now": now_ms}
    changed = {}
    for table, which in _WHICH.items():
        change = _SET.get(table, "project = :new")
        if table == "memories":
            change += ", updated_ms = :now"
        db.execute(f"UPDATE {table} SET {change} WHERE {which}", values)  # noqa: S608
        changed[table] = db.changes()
    if move.later and move.new is not None:
        _remember(db, move.old, move.new, move.under)
    return changed


def _values(db: apsw.Connection, move: Move) -> dict[str, object]:
    return {"old": move.old, "new": move.new, "below": _below(db, move.old, move.under)}


def _remember(db: apsw.Connection, old: str, new: str, under: str | None) -> None:
    if under is not None:
        _rule(db, "folder", os.path.realpath(under), new)
        return
    db.execute("UPDATE places SET project = ? WHERE project = ?", (new, old))
    _rule(db, "label", old, new)
    db.execute("DELETE FROM places WHERE kind = 'label' AND value = ?", (new,))


def _rule(db: apsw.Connection, kind: str, value: str, project: str) -> None:
    db.execute(
        "INSERT INTO places (kind, value, project) VALUES (?, ?, ?)"
        " ON CONFLICT (kind, value) DO UPDATE SET project = excluded.project",
        (kind, value, project),
    )


def _below(db: apsw.Connection, project: str, under: str | None) -> str | None:
    """Return, as JSON, the working directories at or below a folder; None for all of them."""
    if under is None:
        return None
    query = (
        "SELECT cwd FROM sessions WHERE project = :p UNION SELECT cwd FROM streams"
        " WHERE project = :p"
    )
    folders = {under, os.path.realpath(under)}
    found = [
        cwd
        for (cwd,) in rows(db, query, {"p": project})
        if cwd and any(is_below(cwd, folder) for folder in folders)
    ]
    return json.dumps(found)


def path_like(db: apsw.Connection) -> dict[str, str | None]:
    """Return labels that older versions should have shortened, and what they should be.

    A path becomes its last part; what git said instead of a name becomes the folder of its session.
    """
    wrong = {}
    query = (
        "SELECT DISTINCT project FROM memories UNION SELECT project FROM sessions"
        " UNION SELECT project FROM streams"
    )
    for (label,) in rows(db, query):
        if label is not None and normalize_label(label) != label:
            wrong[label] = normalize_label(label) or _folder_of(db, label)
    return wrong


def _folder_of(db: apsw.Connection, label: str) -> str | None:
    found = rows(db, _FOLDERS, (label,))
    return normalize_label(found[0][0]) if found else None
