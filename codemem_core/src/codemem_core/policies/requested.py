"""Flush a session when its host asks for that."""

from __future__ import annotations

from codemem_core.config.settings import Settings
from codemem_core.records.event import FlushDecision, StreamState


class Requested:
    """Due when the hook that sent the newest event asked for it: at the end of a turn, mostly.

    It looks at what is stored, so a session that ended while no server ran is due at its start.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings every policy is given; this one needs none."""

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Look at the newest event of the stream."""
        del now_ms
        return FlushDecision(state.flush_asked is True, "requested")
