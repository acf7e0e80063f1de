"""What a host's own record tells beside one event: whoever stores the event stores that first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codemem_core.store.tool_use_ids import tool_uses

if TYPE_CHECKING:
    from codemem_core.capture.receive import Intake
    from codemem_core.records.event import RawEvent
    from codemem_core.store.engine.store import Store

_ENDS = frozenset({"assistant", "session_end"})
"""Kinds of events that end a turn or a session: what went before stands in the record now."""
_TOOL_USES = 2000
"""Tool uses of a session that are looked at: more than fit into the part of a transcript read."""


def told_beside(
    store: Store, intake: Intake, event: RawEvent, payload: Mapping[str, Any]
) -> list[RawEvent]:
    """Return what no hook told before `event`, oldest first; mostly nothing.

    `payload` is what the event was made of. Stored before it, so that the end of a session stays
    its last event, which is what makes it due.
    """
    adapter = event.payload.get("_adapter")
    if not isinstance(adapter, Mapping) or adapter.get("event_type") not in _ENDS:
        return []
    with store.read() as db:
        seen = tool_uses(db, event.source, event.stream_id, limit=_TOOL_USES)
    return intake.missed(event.source, payload, seen=seen)
