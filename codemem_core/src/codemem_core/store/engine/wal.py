"""Keep the write-ahead log small: empty it when nobody writes, stop before it fills the disk."""

from __future__ import annotations

import os

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import WAL_KEPT_BYTES, patience

MOST_BYTES = 96 * 1024 * 1024
"""A log of this size means that somebody has been reading for very long."""


def size(db: apsw.Connection) -> int:
    """Return the bytes of the database's log, 0 when there is none."""
    try:
        return os.stat(db.filename_wal).st_size
    except FileNotFoundError:
        return 0


def tidy(db: apsw.Connection) -> None:
    """Empty a log that grew while somebody was reading; call it when there is nothing to write."""
    if size(db) > WAL_KEPT_BYTES:
        _empty(db)


def check_room(db: apsw.Connection) -> None:
    """Refuse to write while the log is too large and a reader keeps it from being emptied.

    Raises `StoreError`: events then wait in the spool, and a forgotten reader cannot fill the disk.
    """
    if size(db) > MOST_BYTES and not _empty(db):
        raise StoreError(
            f"somebody has been reading the database for too long: `{db.filename_wal}` cannot be"
            f" emptied and has {size(db) >> 20} MiB",
            hint="end the program that reads it",
        )


def _empty(db: apsw.Connection) -> bool:
    """Move the log into the database and cut it off; False when a reader is in the way.

    Asks once and does not wait: the next call may have more luck.
    """
    db.set_busy_handler(None)
    try:
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error:  # a failing disk too: the next write will say so
        return False
    finally:
        db.set_busy_handler(patience())
    return True
