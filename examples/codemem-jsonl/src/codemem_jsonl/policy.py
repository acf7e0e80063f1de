"""Flush a session when its log says that it is over."""

from codemem_core.api import FlushDecision, Settings, StreamState


class AtEnd:
    """Due when the newest line of the session was its `end`."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Look at the newest event."""
        ended = state.source == "jsonl" and state.last_event_type == "session_end"
        return FlushDecision(ended, "end")
