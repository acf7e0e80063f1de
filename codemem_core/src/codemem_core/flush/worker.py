"""The loop that asks flush policies which streams are due, and flushes those."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from codemem_core.capture import backfill
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings, sweep_interval_ms
from codemem_core.distil import verbatim
from codemem_core.errors import CodememError, PluginError
from codemem_core.flush.flusher import Flusher, wall_ms
from codemem_core.flush.pace import Pace
from codemem_core.flush.pool import Parallel
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import FlushDecision, StreamKey, StreamState
from codemem_core.records.protocols import BoundedPolicy, Policy
from codemem_core.store import batches, events
from codemem_core.store.batches import Claim
from codemem_core.store.engine.lease_owner import BEAT_S
from codemem_core.store.engine.store import Store

T = TypeVar("T")
log = logging.getLogger(__name__)

_PARALLEL = 8
"""Streams flushed at once: 50 of them at 200 ms a call are seven rounds, 1.4 s of waiting."""
_REST_S = 0.1
_REST_FOR_WORK = 9
"""A look is followed by a rest nine times as long, so looking takes a tenth of a core at most."""
_RETENTION_EVERY_S = 600.0


class FlushWorker:
    """Flushes due streams, and empties the spool, in the background of a server.

    Looks again when it is notified, at every sweep, and when a policy asked for it. One stream's
    failure never delays another's flush; whatever a plugin raises ends in the log and in the
    batch, not in the server.
    """

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        settings: Settings,
        *,
        now_ms: Callable[[], int] = wall_ms,
        beat_s: float = BEAT_S,
    ) -> None:
        """Take a wall clock and the pause between two heartbeats; tests bring their own."""
        self._store = store
        self._now_ms = now_ms
        self._beat_s = beat_s
        self._pace = Pace()
        self._flusher = Flusher(
            store,
            plugins,
            settings,
            now_ms=now_ms,
            beat_s=beat_s,
            given_up=self._give_up,
            pace=self._pace,
        )
        self._flushes = Parallel(self._flush, most=_PARALLEL)
        self._again: dict[StreamKey, list[int]] = {}
        self._plugins = plugins
        policies = _make_policies(plugins)
        self._at_most = {
            name: policy.at_most
            for name, policy in policies.items()
            if isinstance(policy, BoundedPolicy)
        }
        # Those last that take on only so many.
        self._policies = dict(sorted(policies.items(), key=lambda item: item[0] in self._at_most))
        self._intake = Intake(plugins)
        self._spool = Spool.of(settings)
        self._interval_s = max(1.0, sweep_interval_ms(settings) / 1000)
        self._retention_ms = settings.number("raw_events_retention_ms")
        self._retained_at = float("-inf")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codemem-worker", daemon=True)

    def start(self) -> None:
        """Begin to look for due streams; what waited since the last run is looked at first."""
        self._thread.start()

    def notify(self) -> None:
        """Look soon: events have arrived."""
        self._pace.note_delivery()
        self._wake.set()

    def retry(self, key: StreamKey, batch: int) -> None:
        """Flush a failed or dead batch of a stream again: a person says that it may work now."""
        self._flusher.ask_again()
        self._again.setdefault(key, []).append(batch)
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Take on nothing new and wait at most `timeout_s` for the flushes that run.

        Those that do not end in time are given back: the next server does them at once.
        """
        give_up_at = time.monotonic() + timeout_s
        self._stopping.set()
        self._wake.set()
        self._flusher.wind_down()
        self._thread.join(timeout_s)
        self._flushes.stop(give_up_at - time.monotonic())
        self._flusher.stop()

    def _run(self) -> None:
        self._guarded(lambda: self._store.write(batches.expect_mended))
        self._guarded(lambda: backfill.begin(self._store))
        while not self._stopping.is_set():
            self._wake.clear()
            began = time.monotonic()
            self._guarded(lambda: self._spool.drain(self._store, self._intake))
            self._guarded(self._retain)
            self._guarded(self._catch_up)
            pause_s = self._guarded(self._sweep) or self._interval_s
            worked_s = time.monotonic() - began
            # Notifications that come meanwhile share the next look.
            if not self._stopping.wait(max(_REST_S, _REST_FOR_WORK * worked_s)):
                self._wake.wait(pause_s)

    def _sweep(self) -> float:
        """Flush what is due and return the seconds until the next look."""
        held_s = self._flusher.held_s()
        if held_s:
            return min(held_s, self._interval_s)
        with self._store.read() as db:
            waiting = events.pending(db, now_ms=self._now_ms())
        # After the read: no event in it is newer than this, unless the clock was put back.
        now_ms = self._now_ms()
        due = [key for key in self._again if key not in self._flushes]
        pauses_s = [self._interval_s]
        taken: Counter[str] = Counter()
        for state in waiting:
            key = StreamKey(state.source, state.stream_id)
            if key in self._flushes or key in self._again:
                continue
            decision = self._ask(state, now_ms, taken)
            if decision.due:
                due.append(key)
            elif decision.check_again_ms:
                pauses_s.append(decision.check_again_ms / 1000)
        self._flushes.offer(due)
        # Another process may have a stream that is due: its heartbeat is looked at once a beat.
        return min(*pauses_s, self._beat_s) if due else min(pauses_s)

    def _ask(self, state: StreamState, now_ms: int, taken: Counter[str]) -> FlushDecision:
        """Return the first decision to flush, else the one that is to be asked again soonest.

        `taken` counts, by policy, the streams of this sweep.
        """
        again_ms = []
        for name, policy in self._policies.items():
            if name in self._at_most and taken[name] >= self._at_most[name]:
                continue
            try:
                decision = self._decided(name, policy, state, now_ms)
            except PluginError:
                continue  # the host of plugins counts, and asks it no more after three times
            if decision.due:
                taken[name] += 1
                return decision
            again_ms.append(decision.check_again_ms)
        return FlushDecision(False, check_again_ms=min(filter(None, again_ms), default=0))

    def _decided(self, name: str, policy: Policy, state: StreamState, now_ms: int) -> FlushDecision:
        """Return a policy's decision; raises `PluginError` when it fails or decides nothing."""

        def ask() -> FlushDecision:
            decision: object = policy.due(state, now_ms=now_ms)
            if not isinstance(decision, FlushDecision):
                raise TypeError(f"it gave no decision: `{decision!r:.80}`")
            return decision

        record = self._plugins.flush_policies()[name]
        return self._plugins.call(record, ask, passing=(PluginError,), quick=True)

    def _flush(self, key: StreamKey) -> None:
        asked_for = self._again.pop(key, [])
        for batch in asked_for:
            self._guarded(partial(self._flusher.retry_batch, batch))
        report = None if asked_for else self._guarded(lambda: self._flusher.flush(*key))
        if asked_for or (report is not None and report.events):
            # More may be due than one sweep takes on, or the observer may just have come back.
            self._wake.set()

    def _give_up(self, claim: Claim) -> None:
        log.warning("gave up a flush that hangs: `%s:%s`", claim.source, claim.stream_id)
        self._flushes.forget(StreamKey(claim.source, claim.stream_id))

    def _retain(self) -> None:
        """Delete old flushed events, from time to time."""
        now_s = time.monotonic()
        if self._retention_ms <= 0 or now_s - self._retained_at < _RETENTION_EVERY_S:
            return
        since_ms = self._now_ms() - self._retention_ms
        while self._store.write(lambda db: events.retain(db, since_ms=since_ms)):
            if self._stopping.is_set():
                return
        self._retained_at = now_s

    def _catch_up(self) -> None:
        """Do what an earlier version left to do, a batch at a time, while nothing else waits."""
        while not (self._stopping.is_set() or self._wake.is_set()):
            more = self._store.write(verbatim.catch_up)
            if not (backfill.fill(self._store, self._plugins) or more):
                return

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """Run the work; whatever it raises is logged, a bug with its place: this goes on."""
        try:
            return work()
        except CodememError as error:
            if not self._stopping.is_set():
                log.warning("flush failed: %s", error)
            return None
        except Exception:
            # A flush that was given back may find the store closed when it comes to its end.
            if not self._stopping.is_set():
                log.exception("flush failed")
            return None


def _make_policies(plugins: Plugins) -> dict[str, Policy]:
    """Return the policies by name; one that cannot be made is logged and left out."""
    made: dict[str, Policy] = {}
    for name, record in plugins.flush_policies().items():
        try:
            made[name] = cast("Policy", plugins.make(record))
        except CodememError as error:
            log.warning("flush policy left out: %s", error)
    return made
