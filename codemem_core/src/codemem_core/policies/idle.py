"""Flush a session that has gone quiet."""

from __future__ import annotations

from codemem_core.config.settings import Settings
from codemem_core.records.event import FlushDecision, StreamState


class Idle:
    """Due once nothing has arrived for `raw_events_sweeper_idle_ms`.

    Looked at by each sweep, which takes on `raw_events_sweeper_limit` such sessions.
    """

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.flag("raw_events_sweeper")
        self._idle_ms = settings.number("raw_events_sweeper_idle_ms")
        self.at_most = settings.number("raw_events_sweeper_limit")

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Compare the stream's silence with the limit; times are this machine's, not the host's."""
        quiet_ms = now_ms - state.last_received_ms
        # An event from the future: the clock was put back, and may stay there for a day.
        is_idle = quiet_ms < 0 or quiet_ms >= self._idle_ms
        return FlushDecision(self._enabled and is_idle, "idle")
