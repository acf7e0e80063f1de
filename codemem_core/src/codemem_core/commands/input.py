"""What a command is told."""

from __future__ import annotations

import json
import sys

from codemem_core.errors import InputError

MAX_BYTES = 16 * 1024 * 1024
"""How much JSON a command reads."""

_MAX_BYTES = 1024 * 1024


def said(argument: str) -> str:
    """Return an argument, or standard input for `-`: other users can read arguments."""
    if argument != "-":
        return argument
    return sys.stdin.buffer.read(_MAX_BYTES).decode("utf-8", "replace")


def read_json(raw: bytes) -> object:
    """Parse standard input; raise `InputError` for what is too large, or no JSON."""
    if len(raw) > MAX_BYTES:
        raise InputError(f"payload too large: more than {MAX_BYTES} bytes")
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise InputError("invalid json: nested too deeply") from error
    except ValueError as error:
        raise InputError(f"invalid json: {error}") from error
