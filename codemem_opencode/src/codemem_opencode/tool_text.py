"""What one event says, and careful reading of values that may be anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codemem_core.api import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event says, before it has a session, a time and an id."""

    event_type: str
    """Adapter event type."""
    payload: Mapping[str, Any]
    """Adapter event payload."""
    at: object = None
    """OpenCode's own time of it: epoch milliseconds or ISO text."""
    cwd: object = None
    """The session's folder, where the event names it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What a tool says beside its output."""


def child(value: object, *keys: str) -> Mapping[str, Any]:
    """Follow `keys` through nested objects; return an empty one where the path ends."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def word(value: object) -> str:
    """Return `value` stripped when it is text, else nothing."""
    return value.strip() if isinstance(value, str) else ""


def present(**fields: object) -> dict[str, Any]:
    """Return the fields that have a value; None and empty text are left out."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def sorted_json(value: object) -> str:
    """Return `value` as key-sorted JSON; raise `InputError` when it is nested too deeply."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise InputError("event is nested too deeply") from error
