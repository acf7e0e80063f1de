"""Write the database anew without what was deleted from it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import connect, translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """Sizes before and after, with the log, in bytes."""

    before: int
    after: int


def vacuum(path: str) -> Compacted:
    """Write the database at `path` anew and empty its log; others may have it open, but not read.

    Needs twice its size on the disk for a while. Raises `StoreError`, with nothing changed.
    """
    before = _size(path)
    db = connect(path)
    try:
        db.execute("INSERT INTO memories_fts (memories_fts) VALUES ('optimize')")
        db.execute("INSERT INTO messages_fts (messages_fts) VALUES ('optimize')")
        write_anew(db, path)
    except apsw.Error as error:
        raise translate(error, path) from error
    finally:
        db.close(True)
    return Compacted(before=before, after=_size(path))


def write_anew(db: apsw.Connection, path: str) -> None:
    """Leave nothing in the file and its log but what the rows are; raises `StoreError`."""
    db.limit(apsw.SQLITE_LIMIT_ATTACHED, 1)  # SQLite attaches the copy that it makes
    try:
        db.execute("VACUUM")
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError as error:
        raise StoreError(
            f"another program is using the database: `{path}`",
            hint="`codemem serve stop` first, then again",
        ) from error
    except apsw.Error as error:
        raise translate(error, path) from error
    finally:
        db.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)


def _size(path: str) -> int:
    return sum(os.path.getsize(path + t) for t in ("", "-wal") if os.path.exists(path + t))
