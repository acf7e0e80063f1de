"""Several flushes at once, each in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from codemem_core.records.event import StreamKey


class Parallel:
    """Runs the work of up to `most` streams at a time, one thread a stream.

    The threads are daemons and their places can be given away: a call that never ends keeps
    neither the process from ending nor, once it is forgotten, another stream from being flushed.
    """

    def __init__(self, work: Callable[[StreamKey], None], *, most: int) -> None:
        self._work = work
        self._most = most
        self._next: deque[StreamKey] = deque()
        self._running: dict[StreamKey, threading.Thread] = {}
        self._changed = threading.Condition()

    def __contains__(self, key: StreamKey) -> bool:
        """Say whether the stream's work runs."""
        return key in self._running

    def offer(self, keys: Iterable[StreamKey]) -> None:
        """Run these, in this order, as places become free; forgets what was offered before."""
        with self._changed:
            self._next = deque(keys)
            self._fill()

    def forget(self, key: StreamKey) -> None:
        """Give the place of a call that hangs to the next stream."""
        with self._changed:
            self._running.pop(key, None)
            self._fill()
            self._changed.notify_all()

    def stop(self, timeout_s: float) -> None:
        """Start nothing more and wait at most so long for what runs."""
        with self._changed:
            self._most = 0
            self._changed.wait_for(lambda: not self._running, timeout_s)

    def _fill(self) -> None:
        while self._next and len(self._running) < self._most:
            key = self._next.popleft()
            if key not in self._running:
                thread = threading.Thread(
                    target=self._run, args=(key,), name="codemem-flush", daemon=True
                )
                self._running[key] = thread
                thread.start()

    def _run(self, key: StreamKey) -> None:
        try:
            self._work(key)
        finally:
            with self._changed:
                # Its place may have been given away meanwhile, even to the same stream.
                if self._running.get(key) is threading.current_thread():
                    del self._running[key]
                self._fill()
                self._changed.notify_all()
