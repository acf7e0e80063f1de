"""Flush a session a while after its last event, long before it counts as idle."""

from __future__ import annotations

from codemem_core.config.settings import Settings
from codemem_core.records.event import FlushDecision, StreamState


class Debounce:
    """With `raw_events_auto_flush`: due `raw_events_debounce_ms` after the newest event.

    It looks at what is stored and keeps no timer, so a restart of the server forgets nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.flag("raw_events_auto_flush")
        self._wait_ms = settings.number("raw_events_debounce_ms")

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Compare the stream's silence with the wait, and say how much of it is left."""
        if not self._enabled:
            return FlushDecision(False)
        quiet_ms = now_ms - state.last_received_ms
        if 0 <= quiet_ms < self._wait_ms:
            return FlushDecision(False, check_again_ms=self._wait_ms - quiet_ms)
        return FlushDecision(True, "debounce")
