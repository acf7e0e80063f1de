"""When a host's own record may hold what no hook sent, and what of it is stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemem_core.store.tool_use_ids import tool_uses

if TYPE_CHECKING:
    from codemem_core.records.event import RawEvent
    from codemem_core.store.engine.store import Store

_ENDS = frozenset({"assistant", "session_end", "error"})
"""Kinds of events that end a turn or a session: what went before stands in the record now."""
_TOOL_USES = 2000
"""Tool uses of a session that are looked at: more than fit into the part of a transcript read."""


def ends_a_turn(event: RawEvent) -> bool:
    """Say whether an event ends a turn or a session."""
    return event.common_type in _ENDS


def seen_tool_uses(store: Store, event: RawEvent) -> set[str]:
    """Return the tool uses that are stored of an event's session."""
    with store.read() as db:
        return tool_uses(db, event.source, event.stream_id, limit=_TOOL_USES)
