"""Flush a session that has gone quiet."""

from __future__ import annotations

from codemem_core.config.settings import Settings
from codemem_core.records.event import FlushDecision, StreamState

_WAITS = ("raw_events_sweeper_idle_ms", "raw_events_open_turn_ms")


class Idle:
    """Due once nothing has arrived for `raw_events_sweeper_idle_ms`.

    A turn that is still open is no idle session: an agent may work for minutes without an event.
    It waits for `raw_events_open_turn_ms`, unless somebody set the idle time and not this one.
    Looked at by each sweep, which takes on `raw_events_sweeper_limit` such sessions.
    """

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.flag("raw_events_sweeper")
        self._idle_ms = settings.number("raw_events_sweeper_idle_ms")
        by_user = [settings.where(key) != "default" for key in _WAITS]
        open_turn_ms = settings.number("raw_events_open_turn_ms")
        self._open_turn_ms = self._idle_ms if by_user == [True, False] else open_turn_ms
        self.at_most = settings.number("raw_events_sweeper_limit")

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Compare the stream's silence with the limit; times are this machine's, not the host's."""
        quiet_ms = now_ms - state.last_received_ms
        # An event from the future: the clock was put back, and may stay there for a day.
        wait_ms = self._open_turn_ms if state.turn_is_open else self._idle_ms
        is_idle = quiet_ms < 0 or quiet_ms >= wait_ms
        return FlushDecision(self._enabled and is_idle, "idle")
