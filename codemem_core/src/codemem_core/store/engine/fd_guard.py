"""Keep everything but APSW away from the open database's files in a long-lived process.

Closing any descriptor of a file gives up all locks the process has on it. After a plain copy of the
open database, or a visit by Python's own SQLite, another program takes itself for the last one,
removes the log that is still in use, and everything acknowledged from then on is lost.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from codemem_core.errors import StoreError


def guard(path: str) -> Callable[[], None]:
    """Refuse, in this process, to open the files of the database at `path`.

    Whatever name they are opened by: a link, another spelling, `/proc/self/fd/7`. SQLite itself is
    not concerned, as it opens files below Python. A child process may copy them. Returns what ends
    it: call that when every connection is closed.
    """
    over = threading.Event()
    files = (path, f"{path}-wal", f"{path}-shm")
    folder = os.stat(os.path.dirname(path)).st_dev

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if over.is_set():
            return  # a hook stays as long as the process
        if event == "open":
            opened, _, flags = arguments
            if flags & os.O_DIRECTORY:
                return  # no file: a turn (`store/turn.py`), with every COMMIT
        elif event == "sqlite3.connect":
            opened = _named(arguments[0])
        else:
            return
        if isinstance(opened, int):
            return  # a descriptor: it was looked at when it was opened
        identity = _identity(opened)
        if identity and identity[0] == folder and identity in map(_identity, files):
            raise StoreError(
                f"not opened: closing `{os.fsdecode(opened)}` would drop the database's locks",
                hint="ask the store, or copy it in another process: codemem db backup",
            )

    sys.addaudithook(watch)
    return over.set


def _identity(path: str | bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError, TypeError):
        return None
    return status.st_dev, status.st_ino


def _named(database: str | bytes) -> str | bytes:
    """Return the file Python's SQLite would open: it understands `file:` addresses too."""
    text = os.fsdecode(database)
    if not text.startswith("file:"):
        return database
    place = text.removeprefix("file:").partition("?")[0].partition("#")[0]
    if place.startswith("//"):
        place = "/" + place[2:].partition("/")[2]
    return unquote(place)
