"""The log of hooks: what they cannot say to the host, whose output is not theirs."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from codemem_core import paths
from codemem_core.config.settings import Settings

LOST = "payload LOST"
"""Begins what a hook logs when nobody took its payload."""
MOST_BYTES = 16 * 1024 * 1024
"""How much of a log is looked at: its end."""


def log(settings: Settings, text: str) -> None:
    """Add a line to the plugin log, or say it on standard error when the log does not take it."""
    path = paths.log_path(settings)
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "a", encoding="utf-8", errors="replace") as file:
            file.write(line)
    except OSError:
        sys.stderr.write(line)
        if text.startswith(LOST):
            _count(settings, line)


def _count(settings: Settings, line: str) -> None:
    from codemem_core.hookpath import lost_count  # noqa: PLC0415 - for a full disk only

    with contextlib.suppress(OSError):  # standard error has it, for whoever reads that
        lost_count.count(paths.database_path(settings), line)


def lost(path: str) -> list[str]:
    """Return the lines, oldest first, that say that a payload was lost; none without a log."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(max(0, os.path.getsize(path) - MOST_BYTES))
            return [line.strip() for line in file if LOST in line]
    except OSError:
        return []
