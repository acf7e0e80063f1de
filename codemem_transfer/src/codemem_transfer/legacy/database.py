"""Read a database of codemem 0.19 (schema 6) without touching it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import apsw

from codemem_core.errors import Damaged, NotFound, StoreError
from codemem_core.store.engine.connection import harden, rows, translate

SCHEMA = 6
_NEEDED = frozenset({"sessions", "memory_items", "raw_events"})
_ATTEMPTS = 3
_CHANGED = 3
# Its own process: to close a plain descriptor of a database drops this process's locks on it. The
# sizes and times tell whether somebody wrote meanwhile.
_COPY = f"""
import os, shutil, sys
path, copy = sys.argv[1:]
def state():
    return [
        (s.st_size, s.st_mtime_ns) if os.path.exists(p) and (s := os.stat(p)) else None
        for p in (path, path + "-wal")
    ]
before = state()
for tail in ("", "-wal"):
    if os.path.exists(path + tail):
        shutil.copyfile(path + tail, copy + tail)
sys.exit(0 if state() == before else {_CHANGED})
"""


class Legacy:
    """The tables of an old database, row by row."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        query = (
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRT%'"
        )
        self.names = frozenset(name for (name,) in rows(db, query))
        """The ordinary tables there are."""

    def table(self, name: str, *, order: str = "rowid") -> Iterator[dict[str, Any]]:
        """Yield the rows of a table by column name; nothing when there is no such table."""
        if name not in self.names:
            return
        found = self._db.execute(f'SELECT * FROM "{name}" ORDER BY {order}')  # noqa: S608
        columns: list[str] = []
        for row in found:
            # Before the first row an empty table has no description.
            columns = columns or [column for column, *_ in found.get_description()]
            yield dict(zip(columns, row, strict=True))

    def count(self, name: str) -> int:
        """Return how many rows a table has."""
        return int(self._db.execute(f'SELECT count(*) FROM "{name}"').get)  # noqa: S608


@contextmanager
def opened(
    path: str, *, check: Callable[[apsw.Connection, str], None] | None = None
) -> Iterator[Legacy]:
    """Open a copy of the old database at `path`, made for this block only.

    A copy, because SQLite writes beside even what it only reads. `check` refuses a database by
    raising; without it, all but those of 0.19 are refused. Raises `NotFound`, `StoreError`, also
    for a file that is being written, `Damaged`.
    """
    if not os.path.isfile(path):
        raise NotFound(f"no database: `{path}`")
    work = tempfile.mkdtemp(prefix="codemem-adopt-")
    copy = os.path.join(work, "old.sqlite")
    try:
        _copy(path, copy)
        with closing(apsw.Connection(copy, flags=apsw.SQLITE_OPEN_READWRITE)) as db:
            harden(db)
            (check or _check)(db, path)
            yield Legacy(db)
    except apsw.Error as error:
        raise translate(error, path) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy(path: str, copy: str) -> None:
    for _ in range(_ATTEMPTS):
        done = subprocess.run(
            [sys.executable, "-I", "-c", _COPY, path, copy], check=False, capture_output=True
        )
        if done.returncode == 0:
            return
        if done.returncode != _CHANGED:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise StoreError(f"cannot read the old database: `{path}`: {said[-1] if said else ''}")
    raise StoreError(f"the old database is being written: `{path}`", hint="stop its program first")


def _check(db: apsw.Connection, path: str) -> None:
    number = db.execute("PRAGMA user_version").get
    names = {name for (name,) in rows(db, "SELECT name FROM sqlite_schema")}
    if number != SCHEMA or not names >= _NEEDED:
        raise StoreError(
            f"not a database of codemem 0.19: `{path}` (user_version {number})",
            hint="let 0.19 open it once if it is older",
        )
    for name in sorted(_NEEDED):
        # Table by table: a vector index whose module is not here cannot be checked.
        told = db.execute(f"PRAGMA quick_check({name})").get
        if told != "ok":
            raise Damaged(
                f"the old database is damaged: `{path}`: {told}", hint="try a backup of it"
            )
