"""Stop asking a provider that keeps failing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from codemem_core.errors import ObserverError

_TRIP_AFTER = 3
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0


class Held(ObserverError):
    """The observer was not asked: it failed several times in a row."""

    kind = "held"


class Breaker:
    """Holds every call after three failures in a row, and lets one through after each pause.

    So a dead provider costs one call a pause, not one for every stream that waits. Pauses double
    from 30 s to 15 min; a success ends them. Safe to use from several threads.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock that counts seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pauses = 0
        self._until = 0.0

    def held_s(self) -> float:
        """Return for how many seconds no call is wanted; 0 when one may be tried."""
        with self._lock:
            return max(0.0, self._until - self._clock()) if self._pauses else 0.0

    def check(self) -> None:
        """Call before each call: raises `Held` when it is to wait.

        The first one after a pause starts the next pause at once, so that others wait for its
        outcome, and a call that never ends holds up nobody for longer than that.
        """
        with self._lock:
            if not self._pauses:
                return
            now = self._clock()
            if now < self._until:
                raise Held(
                    f"the observer failed {self._failures} times in a row;"
                    f" the next try is in {self._until - now:.0f} s"
                )
            self._pause(now)

    def succeeded(self) -> None:
        """Call when there was an answer, good or bad."""
        with self._lock:
            self._failures = self._pauses = 0

    def failed(self, retry_after_s: float = 0.0) -> None:
        """Call when there was none; with `retry_after_s` the provider itself asked for a pause."""
        with self._lock:
            self._failures += 1
            now = self._clock()
            if not self._pauses and (retry_after_s or self._failures >= _TRIP_AFTER):
                self._pause(now)
            if self._pauses:
                self._until = max(self._until, now + retry_after_s)

    def _pause(self, now: float) -> None:
        self._until = now + min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._pauses, 10))
        self._pauses += 1
