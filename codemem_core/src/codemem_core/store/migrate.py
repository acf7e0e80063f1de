"""Bring a database to the current schema: numbered SQL steps, all of them in one transaction."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.connection import APPLICATION_ID, rows

_FOLDER = os.path.join(os.path.dirname(__file__), "migrations")  # `importlib.resources`: 15 ms
_STEP = re.compile(r"(\d{4})_\w+\.sql")


class NotOurs(StoreError):
    """A database, but none that this codemem made."""

    hint = "point `CODEMEM_DB` at another file; `codemem db adopt` reads those of 0.19"


def migrate(db: apsw.Connection, path: str, *, wanted: Mapping[int, str] | None = None) -> None:
    """Apply the steps the database has not had; do nothing when it is current.

    A database that holds something is backed up first. Killed at any moment it is the old one or
    the new one. `wanted` is for tests: the SQL of each step, instead of `steps()`. Raises
    `StoreError` for a database that is not ours, newer than this program or cannot be backed up.
    """
    wanted = wanted or steps()
    newest = max(wanted)
    if version(db, path, newest=newest) == newest:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker: look again now that we hold the lock.
        number = version(db, path, newest=newest)
        if 0 < number < newest:
            # Imported here: only a new version of codemem needs it.
            from codemem_core.store import backup  # noqa: PLC0415

            backup.make(path, why=f"before-schema-{newest}")
        for step in range(number + 1, newest + 1):
            rows(db, wanted[step])
            db.execute(f"PRAGMA user_version = {step}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def version(db: apsw.Connection, path: str, *, newest: int | None = None) -> int:
    """Return the schema version, 0 for an empty file; refuse files that are not ours.

    `newest` is the last version this program knows, for tests that know one more.
    """
    number = int(db.execute("PRAGMA user_version").get)
    owner = db.execute("PRAGMA application_id").get
    if owner != APPLICATION_ID and db.execute("SELECT count(*) FROM sqlite_schema").get:
        raise NotOurs(f"not a database of this codemem: `{path}` (user_version {number})")
    if number > (newest or max(steps())):
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


def schema_of(db: apsw.Connection) -> set[tuple[str, str | None]]:
    """Return the name and the SQL of everything the schema has."""
    return set(db.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))
