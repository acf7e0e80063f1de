"""What a command is told."""

from __future__ import annotations

import sys

_MAX_BYTES = 1024 * 1024


def said(argument: str) -> str:
    """Return an argument, or standard input for `-`: other users can read arguments."""
    if argument != "-":
        return argument
    return sys.stdin.buffer.read(_MAX_BYTES).decode("utf-8", "replace")
