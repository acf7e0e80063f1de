"""The life of a session: its start, its end, its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codemem_opencode.tool_text import Said, child, present, word
from codemem_opencode.tools import message_of


def read_created(event: Mapping[str, Any]) -> Said:
    """Read `session.created`; a sub-agent's session names its parent."""
    info = child(event, "properties", "info")
    return Said(
        event_type="session_start",
        payload={"source": "startup"} | present(parent_id=word(info.get("parentID"))),
        at=child(info, "time").get("created"),
        cwd=info.get("directory"),
    )


def read_compacted(event: Mapping[str, Any]) -> Said:
    """Read `session.compacted`: the session goes on with a summary in place of its messages."""
    return Said(
        event_type="session_start", payload={"source": "compact"}, at=event.get("timestamp")
    )


def read_deleted(event: Mapping[str, Any]) -> Said:
    """Read `session.deleted`."""
    info = child(event, "properties", "info")
    return Said(
        event_type="session_end",
        payload={"reason": "deleted"},
        at=child(info, "time").get("updated"),
        cwd=info.get("directory"),
    )


def read_error(event: Mapping[str, Any]) -> Said:
    """Read `session.error`."""
    error = child(event, "properties").get("error")
    name = word(child(error).get("name"))
    return Said(
        event_type="error",
        payload={"message": message_of(error) or "failed"} | present(name=name),
        at=event.get("timestamp"),
    )
