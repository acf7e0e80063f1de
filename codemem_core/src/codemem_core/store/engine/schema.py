"""The schema this program knows: its numbered steps, its versions, an empty model of it."""

from __future__ import annotations

import contextlib
import os
import re

import apsw

from codemem_core.errors import Damaged, StoreError
from codemem_core.store.engine.connection import APPLICATION_ID, rows

_FOLDER = os.path.join(
    os.path.dirname(os.path.dirname(__file__)), "migrations"
)  # `importlib.resources`: 15 ms
_STEP = re.compile(r"(\d{4})_\w+\.sql")
_NEWER = 1000
"""Versions that may be to come: a number beyond is a damaged one."""


class NotOurs(StoreError):
    """A database, but none that this codemem made."""

    hint = "point `CODEMEM_DB` at another file; `codemem db adopt` reads those of 0.19"


def version(db: apsw.Connection, path: str, *, newest: int | None = None) -> int:
    """Return the schema version, 0 for an empty file; refuse files that are not ours.

    `newest` is the last version this program knows, for tests that know one more. Raises `Damaged`
    when the tables are ours and the header says what it cannot have said.
    """
    newest = newest or max(steps())
    number = int(db.execute("PRAGMA user_version").get)
    owner = db.execute("PRAGMA application_id").get
    holds = bool(db.execute("SELECT count(*) FROM sqlite_schema").get)
    if not holds and number == 0:
        return 0
    possible = owner == APPLICATION_ID and 0 < number <= newest + _NEWER
    if not possible and schema_of(db) in _schemas():
        raise Damaged(f"the database's header is damaged: `{path}` (user_version {number})")
    if owner != APPLICATION_ID or number <= 0:
        raise NotOurs(f"not a database of this codemem: `{path}` (user_version {number})")
    if number > newest:
        raise StoreError(
            f"the database is newer than this codemem: schema {number} in `{path}`",
            hint="upgrade codemem",
        )
    return number


def steps() -> dict[int, str]:
    """Return the SQL of each step by its number."""
    found = {}
    for name in os.listdir(_FOLDER):
        if match := _STEP.fullmatch(name):
            with open(os.path.join(_FOLDER, name), encoding="utf-8") as file:
                found[int(match[1])] = file.read()
    return found


def _schemas() -> list[set[tuple[str, str | None]]]:
    """Return the schema of each version."""
    found = []
    with contextlib.closing(apsw.Connection(":memory:")) as model:
        for _, sql in sorted(steps().items()):
            model.execute(sql)
            found.append(schema_of(model))
    return found


def model() -> apsw.Connection:
    """Return an empty current database in memory."""
    db = apsw.Connection(":memory:")
    for _, sql in sorted(steps().items()):
        rows(db, sql)
    return db


def schema_of(db: apsw.Connection) -> set[tuple[str, str | None]]:
    """Return the name and the SQL of everything the schema has."""
    return set(db.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))


def strangers(db: apsw.Connection) -> list[str]:
    """Return what the schema holds beside ours and beside plugins' own tables, as `type name`.

    A trigger or a generated column in a file from elsewhere would run with every write.
    """
    known = set().union(*_schemas())
    theirs = of_plugins(db)
    found = rows(db, "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    return [
        f"{kind} `{name}`"
        for kind, name, sql in found
        if (name, sql) not in known and name not in theirs
    ]


def of_plugins(db: apsw.Connection) -> set[str]:
    """Return the names of the tables and indexes that plugins keep here."""
    owners = tuple(f"{plugin}_" for (plugin,) in _plugins(db))
    found = rows(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')")
    return {name for (name,) in found if name.startswith(owners) and _is_plain(db, name)}


def _plugins(db: apsw.Connection) -> list[tuple[str]]:
    has = rows(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'plugin_tables'")
    return rows(db, "SELECT plugin FROM plugin_tables") if has else []


def _is_plain(db: apsw.Connection, name: str) -> bool:
    """Return whether a plugin's table or index is neither virtual nor has generated columns."""
    virtual = "SELECT 1 FROM sqlite_schema WHERE name = ? AND rootpage = 0"
    generated = "SELECT 1 FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)"
    return not rows(db, virtual, (name,)) and not rows(db, generated, (name,))
