"""Memories and sessions under the names that programs for earlier releases know."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from codemem_core.records.memory import Memory
from codemem_core.store.sessions import Session

_LISTS = ("facts", "concepts", "files_read", "files_modified")


def memory_item(memory: Memory) -> dict[str, Any]:
    """Return a memory as `GET /api/memories` lists it.

    `metadata_json` is an object, lists are JSON as text, times are ISO 8601 in UTC; what this
    release knows beside that (origin, pinned, …) has the names of `Memory`.
    """
    ours = asdict(memory)
    shared = memory.metadata.get("visibility") == "shared"
    return {
        **ours,
        **{name: json.dumps(ours[name], ensure_ascii=False) for name in _LISTS},
        "body_text": memory.body,
        "tags_text": " ".join(memory.tags),
        "metadata_json": memory.metadata,
        "created_at": iso(memory.created_ms),
        "updated_at": iso(memory.updated_ms),
        "visibility": "shared" if shared else "private",
        "owned_by_self": True,
    }


def session_item(session: Session) -> dict[str, Any]:
    """Return a session as `GET /api/sessions` lists it."""
    ended_ms = session.ended_ms
    return {
        **asdict(session),
        "started_at": iso(session.started_ms),
        "ended_at": None if ended_ms is None else iso(ended_ms),
        "metadata_json": {},
    }


def iso(epoch_ms: int) -> str:
    """Return a moment as ISO 8601 with microseconds, in UTC."""
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="microseconds")
    except (OverflowError, OSError, ValueError):  # a host's clock may say anything
        return datetime.fromtimestamp(0, UTC).isoformat(timespec="microseconds")
