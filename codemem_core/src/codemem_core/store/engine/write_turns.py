"""Writers of several processes take turns: who has just written does not go first again.

SQLite's write lock has no queue. Who comes back at once finds it free before the others, asleep
between two looks, look again: of 48 processes two of three commits went to the process that had
the one before, and some of the others waited for 5 s in vain.

On the hook path: stdlib `os` and `time`, and the built-in `fcntl`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
MOST_S = 2.0
"""How long to wait for one's turn; then the lock itself: whoever is first may have been stopped."""
_EAGER_S = 0.5
"""Who has waited this long looks every 5 ms at the latest, before that every 20."""


@contextmanager
def in_turn(db: apsw.Connection) -> Iterator[None]:
    """Let the block, a `BEGIN IMMEDIATE`, be tried by one process at a time.

    While it waits for the write lock the others wait here, and who has just written comes after
    them. The turn is a lock on the database's folder: opening one of SQLite's own files and closing
    it would drop SQLite's locks (`store/guard.py`). A folder that cannot be opened has no turns.
    """
    try:
        folder = os.open(os.path.dirname(db.filename), _FOLDER)
    except OSError:
        yield
        return
    try:
        _wait(folder)
        yield
    finally:
        os.close(folder)


def _wait(folder: int) -> None:
    began = time.monotonic()
    attempt = 0
    while not _mine(folder):
        waited = time.monotonic() - began
        if waited >= MOST_S:
            return
        attempt += 1
        longest_ms = 20 if waited < _EAGER_S else 5
        time.sleep(min(attempt, longest_ms) / 1000 * (os.urandom(1)[0] + 1) / 256)


def _mine(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without such locks: everybody's turn
        return True
    return True
