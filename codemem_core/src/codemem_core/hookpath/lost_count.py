"""A count of lost payloads that can be kept on a full disk.

A log cannot grow there. This file is written once, while there is room, and overwritten in place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os

from codemem_core import paths

_BYTES = 512


def reserve(database: str) -> None:
    """Make the file if it is missing and there is room; its folder must exist."""
    path = paths.lost_count_path(database)
    with contextlib.suppress(OSError):
        if os.path.exists(path) and os.path.getsize(path) >= _BYTES:
            return
        flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "wb") as file:
            file.write(b" " * _BYTES)


def count(database: str, line: str) -> None:
    """Count one more lost payload and keep its line. Raises `OSError`, without the file too."""
    fd = os.open(paths.lost_count_path(database), os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        number, _ = _parsed(os.pread(fd, _BYTES, 0))
        text = f"{number + 1} {line.strip()}".encode()[: _BYTES - 1]
        os.pwrite(fd, text.ljust(_BYTES), 0)
    finally:
        os.close(fd)


def counted(database: str) -> tuple[int, str]:
    """Return how many were counted, and the last line."""
    try:
        with open(paths.lost_count_path(database), "rb") as file:
            return _parsed(file.read(_BYTES))
    except OSError:
        return 0, ""


def _parsed(content: bytes) -> tuple[int, str]:
    number, _, line = content.decode(errors="replace").strip().partition(" ")
    return (int(number), line) if number.isdecimal() else (0, "")
