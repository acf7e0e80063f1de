"""The heartbeat of a process that flushes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from codemem_core.errors import StoreError
from codemem_core.store import batches
from codemem_core.store.batches import Claim, Failure
from codemem_core.store.engine.lease_owner import BEAT_S
from codemem_core.store.engine.store import Store


class Heart:
    """Beats for the claims this process works on, and gives up those that never end.

    Its thread lives only while there are claims; observer calls run in others, so a slow call
    goes on beating and a stopped process does not.
    """

    def __init__(
        self,
        store: Store,
        *,
        now_ms: Callable[[], int],
        stuck_s: float,
        given_up: Callable[[Claim], None] = lambda _: None,
        beat_s: float = BEAT_S,
    ) -> None:
        """Take the limit for one claim in seconds, 0 for none, and whom to tell when it is over."""
        self._store = store
        self._now_ms = now_ms
        self._stuck_s = stuck_s
        self._given_up = given_up
        self._beat_s = beat_s
        self._beats: dict[Claim, int] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, claim: Claim) -> Iterator[None]:
        """Keep the claim's lease alive while the block runs."""
        with self._changed:
            self._beats[claim] = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="codemem-heart", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            self._forget(claim)

    def stop(self) -> None:
        """Give back what is still worked on; its result will be refused."""
        for claim in list(self._beats):
            self._forget(claim)
            self._end(claim, batches.release)

    def _run(self) -> None:
        while self._next_beat():
            with self._changed:
                # Counted in beats: the time in which a process is stopped is none of its work.
                for claim in self._beats:
                    self._beats[claim] += 1
                held = dict(self._beats)
            self._beat(held)

    def _next_beat(self) -> bool:
        """Wait for it; False when there is nothing left to beat for."""
        with self._changed:
            self._changed.wait_for(lambda: not self._beats, self._beat_s)
            if not self._beats:
                self._thread = None
            return bool(self._beats)

    def _beat(self, held: dict[Claim, int]) -> None:
        try:
            self._store.write(lambda db: batches.beat(db, held))
        except StoreError:
            return  # a missed beat: when the disk takes none, others may take over
        for claim, beats in held.items():
            if 0 < self._stuck_s <= beats * self._beat_s:
                self._give_up(claim)

    def _give_up(self, claim: Claim) -> None:
        message = f"the flush did not end within {self._stuck_s:g} s"
        failure = Failure(kind="transient", message=message)
        self._forget(claim)
        self._end(claim, lambda db, it: batches.fail(db, it, failure, now_ms=self._now_ms()))
        self._given_up(claim)

    def _end(self, claim: Claim, change: Callable[..., object]) -> None:
        try:
            self._store.write(lambda db: change(db, claim))
        except StoreError:
            return  # it ended in this very moment; if not, nothing beats and others take it over

    def _forget(self, claim: Claim) -> None:
        with self._changed:
            self._beats.pop(claim, None)
            self._changed.notify_all()
