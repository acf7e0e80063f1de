"""When an OpenCode session is flushed: at its end, and when much has gathered."""

from __future__ import annotations

from codemem_core.api import FlushDecision, Settings, StreamState
from codemem_opencode.events import SOURCES

_TOOLS = 50
_PROMPTS = 15
_LONGEST_MS = 600_000


class Boundary:
    """Due when the newest event ends a session or its turn: deleted, failed, or idle.

    It looks at what is stored, so a session that ended while no server ran is due at its start.
    """

    _ENDS = frozenset({"session_end", "error", "session.idle"})

    def __init__(self, settings: Settings) -> None:
        """Take the settings every policy is given; this one needs none."""

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Look at the newest event of the stream."""
        del now_ms
        is_over = state.source in SOURCES and state.last_event_type in self._ENDS
        return FlushDecision(is_over, "boundary")


class Thresholds:
    """Due after 50 tool results, 15 prompts or 10 minutes.

    A session that goes on for hours becomes memories on the way, not all at its end.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings every policy is given; this one needs none."""

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Count what waits, and how long the oldest of it has."""
        if state.source not in SOURCES:
            return FlushDecision(False)
        if state.pending_tools >= _TOOLS or state.pending_prompts >= _PROMPTS:
            return FlushDecision(True, "thresholds")
        waited_ms = now_ms - state.first_pending_ms
        if 0 <= waited_ms < _LONGEST_MS:
            return FlushDecision(False, check_again_ms=_LONGEST_MS - waited_ms)
        return FlushDecision(True, "thresholds")
