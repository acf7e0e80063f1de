"""A token in a file of its own."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential

if TYPE_CHECKING:
    from codemem_core.api import Settings

_MOST_BYTES = 65_536
"""A signed token is a few kilobytes; more than this is some other file."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class File:
    """Reads `observer_auth_file`; `~` and variables in its path are expanded."""

    def __init__(self, settings: Settings) -> None:
        """Keep the path; one that is not absolute names another file in every folder: none."""
        path = _expanded(settings.text("observer_auth_file") or "", settings.environ)
        self._path = path if os.path.isabs(path) else ""

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the whole content, trimmed; None when there is none or it cannot be read."""
        if not self._path:
            return None
        try:
            token = read_small(self._path).decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return Credential(token, source="file") if token else None


def read_small(path: str) -> bytes:
    """Return a regular file's bytes, nothing for any other kind or one above 64 KiB."""
    # Without O_NONBLOCK a named pipe in this place would hold the worker for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return b""
        return file.read(_MOST_BYTES)


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    path = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), path)
    home = environ.get("HOME") or os.path.expanduser("~")
    return home + path[1:] if path == "~" or path.startswith("~/") else path
