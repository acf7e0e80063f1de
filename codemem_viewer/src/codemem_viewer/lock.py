"""One server per database: whoever holds the lock is it.

The lock is the kernel's, so it ends with the process that holds it, however that process ends. The
file is never removed: two servers could then hold locks on two files of one name.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import Self

from codemem_core.paths import open_private

_LOOK_AGAIN_S = 0.05


class ServerLock:
    """The lock on a database's server; a context manager that gives it back."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self, *, wait_s: float) -> bool:
        """Take the lock, waiting up to `wait_s` seconds; False when another process keeps it."""
        fd = open_private(self._path, flags=os.O_RDWR | os.O_CREAT)
        give_up = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    os.close(fd)
                    return False
                time.sleep(_LOOK_AGAIN_S)
            else:
                self._fd = fd
                return True

    def note(self, text: str) -> None:
        """Leave a note for people and `serve status`; it outlives a killed server."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, text.encode(), 0)

    def read_note(self) -> str:
        """Return the note of the last holder, or an empty text."""
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                return file.read(1000)
        except FileNotFoundError:
            return ""

    def release(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        """Return the lock itself, taken or not."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.release()
