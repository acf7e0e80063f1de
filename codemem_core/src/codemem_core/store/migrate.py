"""Bring a database to the current schema: numbered SQL steps, each in one transaction."""

from __future__ import annotations

import re
from importlib import resources

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.connection import APPLICATION_ID

_STEP = re.compile(r"(\d{4})_\w+\.sql")


def migrate(db: apsw.Connection, path: str) -> None:
    """Apply the steps the database has not had; do nothing when it is current.

    Raises `StoreError` for a database that is not ours or newer than this program.
    """
    wanted = steps()
    newest = max(wanted)
    if version(db, path) == newest:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker: look again now that we hold the lock.
        for number in range(version(db, path) + 1, newest + 1):
            db.execute(wanted[number])
            db.execute(f"PRAGMA user_version = {number}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def version(db: apsw.Connection, path: str) -> int:
    """Return the schema version, 0 for an empty file; refuse files that are not ours."""
    number = int(db.execute("PRAGMA user_version").get)
    owner = db.execute("PRAGMA application_id").get
    if owner != APPLICATION_ID and db.execute("SELECT count(*) FROM sqlite_schema").get:
        raise StoreError(
            f"not a database of this codemem: `{path}` (user_version {number})",
            hint="point `CODEMEM_DB` at another file; this one stays as it is",
        )
    if number > max(steps()):
        raise StoreError(
            f"the database is newer than this codemem: schema {number} in `{path}`",
            hint="upgrade codemem",
        )
    return number


def steps() -> dict[int, str]:
    """Return the SQL of each step by its number."""
    found = {}
    for file in resources.files("codemem_core.store").joinpath("migrations").iterdir():
        if match := _STEP.fullmatch(file.name):
            found[int(match[1])] = file.read_text(encoding="utf-8")
    return found
