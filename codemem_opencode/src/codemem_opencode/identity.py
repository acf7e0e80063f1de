"""When an event happened, and the id by which it is known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from codemem_core.api import InputError, epoch_ms
from codemem_opencode.tool_text import sorted_json

_ODD = re.compile(r"[^A-Za-z0-9._:-]")
_SESSION_CHARS = 48
_TYPE_CHARS = 24
# 20 hex digits are 80 bits: with the longest session and type the id has 96 of 128 characters.
_DIGEST_CHARS = 20


def event_id(
    *,
    session_id: str,
    event_type: str,
    raw_event_type: str,
    timestamp: str | None,
    payload: Mapping[str, Any],
) -> str:
    """Return `oc:<session>:<type>:<20 hex>`; the same five values always give the same id.

    The digest is SHA-256 over their key-sorted JSON. Raises `InputError` for a payload that is
    nested too deeply.
    """
    fields = {
        "session_id": session_id,
        "event_type": event_type,
        "raw_event_type": raw_event_type,
        "timestamp": timestamp,
        "payload": payload,
    }
    digest = hashlib.sha256(sorted_json(fields).encode()).hexdigest()[:_DIGEST_CHARS]
    session = _ODD.sub("_", session_id)[:_SESSION_CHARS]
    return f"oc:{session}:{_ODD.sub('_', event_type)[:_TYPE_CHARS]}:{digest}"


def iso_time(value: object) -> str | None:
    """Return `value` as ISO 8601 with an offset, or None when it is no time.

    OpenCode gives epoch milliseconds, its plugin ISO text; text without an offset counts as UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_ms(value)
    if not isinstance(value, str):
        return None
    try:
        epoch_ms(value)
    except InputError:
        return None
    moment = datetime.fromisoformat(value)
    return value if moment.tzinfo else moment.replace(tzinfo=UTC).isoformat()


def now() -> str:
    """Return the present as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _from_ms(value: float) -> str | None:
    try:
        seconds, rest = divmod(int(value), 1000)
        return f"{_from_s(seconds)}.{rest:03d}Z"
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(256)
def _from_s(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
