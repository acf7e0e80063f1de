"""Flush a Claude Code session when it ends."""

from __future__ import annotations

from codemem_core.api import FlushDecision, Settings, StreamState


class Boundary:
    """Due when the newest event ends the session, or a turn if the user asked for that.

    What the hook's own environment asked for counts before the server's settings. It looks at what
    is stored, so a session that ended while no server ran is due at its start.
    """

    def __init__(self, settings: Settings) -> None:
        at_end = settings.flag("claude_hook_flush")
        at_stop = at_end and settings.flag("claude_hook_flush_on_stop")
        self._ends = {"session_end" if at_end else "", "assistant" if at_stop else ""} - {""}

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Look at the newest event of the stream."""
        del now_ms
        asked = state.flush_asked
        ends = state.last_event_type in self._ends if asked is None else asked
        return FlushDecision(state.source == "claude" and ends, "boundary")
