"""What codemem spent, call by call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import apsw


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One call that cost something."""

    event: str
    """`observe` or `pack`."""
    session_id: int | None = None
    tokens_read: int = 0
    """What the model was given."""
    tokens_written: int = 0
    """What it answered."""
    metadata: Mapping[str, Any] = field(default_factory=dict)


_RECORD = """
    INSERT INTO usage_events (event, session_id, tokens_read, tokens_written, metadata, created_ms)
    VALUES (?, ?, ?, ?, ?, ?)
"""


def record(db: apsw.Connection, usage: Usage, *, now_ms: int) -> None:
    """Write down what a call cost."""
    metadata = json.dumps(dict(usage.metadata))
    given = (usage.event, usage.session_id, usage.tokens_read, usage.tokens_written)
    db.execute(_RECORD, (*given, metadata, now_ms))
