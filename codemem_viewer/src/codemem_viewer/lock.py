"""One server per database: whoever holds the lock is it.

The lock is the kernel's, so it ends with the process that holds it, however that process ends. The
file is never removed: two servers could then hold locks on two files of one name.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from typing import Any, Self

from codemem_core.errors import CodememError
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
                os.ftruncate(fd, 0)  # what an earlier holder noted is not true of this one
                self._fd = fd
                return True

    @property
    def is_in_place(self) -> bool:
        """Whether the lock's file is the one that was locked: another server would take another."""
        return self._fd is not None and _is_at(self._path, os.fstat(self._fd))

    def note(
        self, *, url: str | None, problem: CodememError | None = None, unused: bool = False
    ) -> None:
        """Leave a note of who holds the lock, and where it listens on TCP, or why it does not.

        `unused` says that it ends because nobody used it: a hook may start another one.
        """
        if self._fd is not None:
            known: dict[str, object] = {"pid": os.getpid(), "url": url}
            if unused:
                known["unused"] = True
            if problem is not None:
                known |= {"problem": str(problem), "hint": problem.hint}
            text = json.dumps(known).encode()
            os.pwrite(self._fd, text, 0)
            os.ftruncate(self._fd, len(text))

    def read_note(self) -> dict[str, Any]:
        """Return what the last holder noted, as in `note`; empty when it noted nothing."""
        try:
            with open(self._path, encoding="utf-8") as file:
                return dict(json.load(file))
        except (FileNotFoundError, ValueError):
            return {}

    def holder(self) -> int | None:
        """Return the process that holds the lock, or None; one that noted nothing yet is None too.

        The lock must be taken, and its file open in that process: a pid that was written down may
        be somebody else's by now, or in this container.
        """
        with ServerLock(self._path) as free:
            if free.take(wait_s=0):
                return None
        pid = self.read_note().get("pid")
        return pid if pid is not None and _has_open(pid, self._path) else None

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


def _has_open(pid: int, path: str) -> bool:
    if not os.path.exists("/proc/self/fd"):  # macOS: the lock and the note have to do
        return True
    file, folder = os.stat(path), f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:  # gone, or somebody else's
        return False
    return any(_is_at(f"{folder}/{each}", file) for each in descriptors)


def _is_at(path: str, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), file)
    except OSError:  # closed by now
        return False
