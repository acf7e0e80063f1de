"""Distilling gives way to taking: both need the interpreter, and somebody waits for taking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_QUIET_S = 0.1
"""Without a delivery for so long, nobody is being kept waiting."""
_MOST_S = 2.0
"""A turn waits no longer for that, so that distilling goes on under constant load."""
_STUCK_S = 10.0
"""A turn that takes longer than this is no reason to wait: it may never end."""
_LOOK_S = 0.02


class Pace:
    """Lets one flush compute at a time, and only when nothing is being taken.

    Two that compute at once take twice as long each, and leave a delivery a third of the
    interpreter. Calls to a model compute nothing: for those a flush gives its turn away.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock that counts seconds."""
        self._clock = clock
        self._taken_at = float("-inf")
        self._turn = threading.Lock()
        self._mine = threading.local()

    def note_delivery(self) -> None:
        """Note that something was taken just now."""
        self._taken_at = self._clock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Compute while the block runs, once it is this thread's turn and nothing is taken."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def given_away(self) -> Iterator[None]:
        """Let others compute while the block waits for somebody."""
        self._end()
        try:
            yield
        finally:
            self._begin()

    def _begin(self) -> None:
        self._mine.held = self._turn.acquire(timeout=_STUCK_S)
        until = self._clock() + _MOST_S
        while self._clock() < min(until, self._taken_at + _QUIET_S):
            time.sleep(_LOOK_S)

    def _end(self) -> None:
        if getattr(self._mine, "held", False):
            self._mine.held = False
            self._turn.release()
