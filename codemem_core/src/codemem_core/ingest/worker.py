"""The loop that asks flush policies which streams are due, and flushes those."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from codemem_core.errors import CodememError
from codemem_core.ingest.accept import Intake
from codemem_core.ingest.flush import Flusher
from codemem_core.ingest.spool import Spool
from codemem_core.plugins import Plugins
from codemem_core.records.events import StreamState
from codemem_core.records.protocols import Policy
from codemem_core.settings import Settings
from codemem_core.store import events
from codemem_core.store.store import Store

log = logging.getLogger(__name__)

_PARALLEL = 4
"""Streams flushed at once: an observer that hangs holds up one of them."""


class FlushWorker:
    """Flushes due streams, and empties the spool, in the background of a server.

    Looks again whenever it is notified and at every sweep. One stream's failure never delays
    another's flush; whatever a plugin raises ends in the log and in the batch, not in the server.
    """

    def __init__(self, store: Store, plugins: Plugins, settings: Settings) -> None:
        self._store = store
        self._flusher = Flusher(store, plugins, settings)
        self._policies = _make_policies(plugins)
        self._intake = Intake(plugins)
        self._spool = Spool.of(settings)
        self._interval_s = sweep_interval_s(settings)
        self._busy: set[tuple[str, str]] = set()
        self._wake = threading.Event()
        self._stopping = False
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="codemem-flush")
        self._thread = threading.Thread(target=self._run, name="codemem-worker", daemon=True)

    def start(self) -> None:
        """Begin to look for due streams; what waited since the last run is looked at first."""
        self._thread.start()
        self.notify()

    def notify(self) -> None:
        """Look soon: events have arrived."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Take on nothing new and wait at most `timeout_s` for the flushes that run."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        waited_until = time.monotonic() + timeout_s
        self._pool.shutdown(wait=False, cancel_futures=True)
        while self._busy and time.monotonic() < waited_until:
            time.sleep(0.01)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            if not self._stopping:
                self._guarded(lambda: self._spool.drain(self._store, self._intake))
                self._guarded(self._sweep)

    def _sweep(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        with self._store.read() as db:
            waiting = events.pending(db, now_ms=now_ms)
        for state in waiting:
            key = (state.source, state.stream_id)
            if key not in self._busy and self._is_due(state, now_ms):
                self._busy.add(key)
                self._pool.submit(self._flush, key)

    def _is_due(self, state: StreamState, now_ms: int) -> bool:
        for name, policy in list(self._policies.items()):
            try:
                if policy.due(state, now_ms=now_ms).due:
                    return True
            except Exception:
                log.exception("flush policy switched off: `%s`", name)
                del self._policies[name]
        return False

    def _flush(self, key: tuple[str, str]) -> None:
        self._guarded(lambda: self._flusher.flush(*key))
        self._busy.discard(key)

    @staticmethod
    def _guarded(work: Callable[[], object]) -> None:
        """Run the work; whatever it raises is logged: the worker outlives it."""
        try:
            work()
        except Exception:
            log.exception("flush failed")


def _make_policies(plugins: Plugins) -> dict[str, Policy]:
    """Return the policies by name; one that cannot be made is logged and left out."""
    made: dict[str, Policy] = {}
    for name, record in plugins.flush_policies().items():
        try:
            made[name] = cast("Policy", plugins.make(record))
        except CodememError as error:
            log.warning("flush policy left out: %s", error)
    return made


def sweep_interval_s(settings: Settings) -> float:
    """Return the pause between two sweeps, at least 1 s; the setting in milliseconds wins."""
    in_ms = settings.number("raw_events_sweeper_interval_ms")
    if settings.where("raw_events_sweeper_interval_ms") == "default":
        in_ms = settings.number("raw_events_sweeper_interval_s") * 1000
    return max(1.0, in_ms / 1000)
