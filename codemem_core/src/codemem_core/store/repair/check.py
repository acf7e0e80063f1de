"""Is the database sound? Reading it proves nothing: a damaged one still counts its rows."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import apsw

from codemem_core.errors import Damaged
from codemem_core.store.engine.connection import connect, index_only, leave_wal, rows, translate
from codemem_core.store.engine.schema import model, of_plugins, schema_of, steps, version

_TOLD = 5
"""Findings told of one file; a broken page makes hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a look at a database found."""

    damage: tuple[str, ...] = ()
    """What is broken in the file itself; empty when every page can be trusted."""
    index_in_step: bool = True
    """Whether the search index says what the memories say."""
    orphans: int = 0
    """Rows that point to a row which is not there."""
    schema: tuple[str, ...] = ()
    """Tables, indexes and triggers that are missing, altered or not ours."""

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return self == Health()


def check(path: str, *, quick: bool = False) -> Health:
    """Look through the whole database at `path`.

    `quick` leaves out what rows and ordinary indexes say of each other. A damaged file is not
    written to, not even to fold its WAL into it. Raises `StoreError` for a database that is not
    ours, too new or locked, `NotFound` when there is none.
    """
    try:
        # A reader: it must not create what is not there.
        db = connect(path, readonly=True)
    except Damaged as error:
        return Health(damage=(str(error),))
    try:
        leave_wal(db)
        rows(db, "PRAGMA query_only = OFF; PRAGMA cell_size_check = ON")
        health = examine(db, path, quick=quick)
        if not health.damage:
            leave_wal(db, leave=False)
    finally:
        db.close(True)
    return health


def examine(db: apsw.Connection, path: str, *, quick: bool = False) -> Health:
    """Look through the database behind a connection that may write; it writes nothing."""
    try:
        number = version(db, path)
        found = rows(db, f"PRAGMA {'quick' if quick else 'integrity'}_check({_TOLD})")
        # One finding a line: SQLite breaks some of them in two.
        damage = tuple(" ".join(text.split()) for (text,) in found if text != "ok")
        if damage:
            return Health(damage=damage)
        return Health(
            index_in_step=number == 0 or index_in_step(db),
            orphans=len(rows(db, "PRAGMA foreign_key_check")),
            schema=_differences(db) if number == max(steps()) else (),
        )
    except (Damaged, apsw.CorruptError, apsw.NotADBError) as error:
        return Health(damage=(str(error),))
    except apsw.Error as error:
        raise translate(error, path) from error


def index_in_step(db: apsw.Connection) -> bool:
    """Say whether the search indexes and their tables agree; rank 1 makes FTS5 compare them."""
    try:
        for index in _indexes(db):
            db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")  # noqa: S608
    except apsw.CorruptError as error:
        if not index_only(error):
            raise
        return False
    return True


def rebuild_index(db: apsw.Connection) -> None:
    """Make the search indexes anew from their tables."""
    for index in _indexes(db):
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # noqa: S608


def _indexes(db: apsw.Connection) -> list[str]:
    """Return the search indexes that the database has: an older schema has only the first."""
    known = "SELECT name FROM sqlite_schema WHERE name IN ('memories_fts', 'messages_fts')"
    return [name for (name,) in rows(db, known)]


def _differences(db: apsw.Connection) -> tuple[str, ...]:
    with contextlib.closing(model()) as ours:
        found = {name for name, _ in schema_of(ours) ^ schema_of(db)}
    return tuple(sorted(found - of_plugins(db)))
