"""Have a database to oneself, and put another file in its place."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from codemem_core.errors import NotFound, StoreError
from codemem_core.store.engine.connection import BUSY_S

_LOCKS = 0x40000000
"""Where SQLite keeps its locks: the pending byte, the reserved byte and 510 bytes to share."""
_LOCKS_BYTES = 512
_LOOK_AGAIN_S = 0.02


@contextmanager
def sole_use(path: str, *, wait_s: float = BUSY_S) -> Iterator[int]:
    """Keep every other process out of the database while the block runs; yield its descriptor.

    This is SQLite's own exclusive lock, taken without reading the file: it works on a damaged one,
    and whoever has the database open, with whatever program, is noticed. Others wait as they wait
    for a writer. This process must have no connection to it: two holders of one process do not see
    each other, and closing either drops both locks.

    Raises `StoreError` when somebody has it open after `wait_s` seconds, `NotFound` without a file.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NotFound(f"no database: `{path}`") from error
    except OSError as error:
        raise StoreError(f"cannot open the database: `{path}`: {error.strerror}") from error
    try:
        _lock(file, path, time.monotonic() + wait_s)
        yield file
    finally:
        os.close(file)


def _lock(file: int, path: str, give_up: float) -> None:
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKS_BYTES, _LOCKS)
        except OSError as error:
            if time.monotonic() >= give_up:
                raise StoreError(
                    f"another program has the database open: `{path}`",
                    hint="`codemem serve stop`, and end whatever else uses it",
                ) from error
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def kept_name(path: str, why: str) -> str:
    """Return a name, beside the database, for the file that is about to be replaced."""
    return f"{path}.{why}-{stamp()}"


def replace(path: str, fresh: str, *, kept: str) -> None:
    """Put the database file `fresh` at `path` and keep the old one as `kept`.

    Call it in a `sole_use` block. At every moment there is one whole database at `path`, the old or
    the new one; the old one's WAL goes with it before the new one comes, which must have none.
    """
    try:
        os.link(path, kept)
    except OSError as error:
        raise StoreError(f"cannot keep the old database: `{kept}`: {error.strerror}") from error
    for tail in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(path + tail, kept + tail)
    sync_folder(path)
    os.rename(fresh, path)
    sync_folder(path)


def stamp() -> str:
    """Return the UTC time to the microsecond, as part of a file's name that sorts."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


def sync_folder(path: str) -> None:
    """Make the names of `path`'s folder durable: a rename is on disk when its folder is."""
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
