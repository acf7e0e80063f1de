"""A token in a file of its own."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from codemem_core.records.protocols import AuthRequest, Credential

if TYPE_CHECKING:
    from codemem_core.settings import Settings

_MOST_BYTES = 65_536
"""A signed token is a few kilobytes; more than this is some other file."""


class File:
    """Reads `observer_auth_file`; `~` and variables in its path are expanded."""

    def __init__(self, settings: Settings) -> None:
        """Keep the path."""
        self._path = os.path.expandvars(settings.path("observer_auth_file"))

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the whole content, trimmed; None when there is none or it cannot be read."""
        if not self._path:
            return None
        try:
            token = _read(self._path).decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return Credential(token, source="file") if token else None


def _read(path: str) -> bytes:
    """Return a regular file's bytes, nothing for any other kind or a larger one."""
    # Without O_NONBLOCK a named pipe in this place would hold the worker for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return b""
        return file.read(_MOST_BYTES)
