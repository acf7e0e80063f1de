"""The flush queue against a model: whatever happens in whatever order, memories come once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

import apsw
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codemem_core.records.event import RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import batches, events, memories, sessions
from codemem_core.store.batches import Claim, Failure, LeaseLost
from codemem_core.store.engine.lease_owner import BEAT_S, Pulses
from codemem_core.store.engine.store import Store
from tests.faults.queue_model import STRIKES, Batch, Queue

STREAMS = ("a", "b")
T = TypeVar("T")
DAY_MS = 86_400_000
names = st.sampled_from(STREAMS)
picks = st.integers(0, 99)
"""Which of the claims at hand: counted modulo their number."""


@dataclass
class Hand:
    """A claim somebody works on; its lease may be long gone."""

    name: str
    claim: Claim
    batch: Batch


class QueueMachine(RuleBasedStateMachine):
    """Workers that come and go, on one real database and on the model at once."""

    def __init__(self) -> None:
        super().__init__()
        memory_disk = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="codemem-queue-", dir=memory_disk)
        self.store = Store.open(str(Path(self.folder) / "mem.sqlite"))
        self.model = Queue()
        self.hands: list[Hand] = []

    def teardown(self) -> None:
        """Remove the database."""
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(name=names, ids=st.lists(st.integers(0, 40), min_size=1, max_size=6))
    def append(self, name: str, ids: list[int]) -> None:
        """Events arrive, some of them again."""
        batch = [_event(name, f"event-{number:03d}") for number in ids]
        now_ms = self.model.now_ms
        done = self.store.write(lambda db: events.append(db, batch, now_ms=now_ms))

        assert done.inserted == self.model.append(name, [event.event_id for event in batch])

    @rule(name=names, most=st.integers(1, 5))
    def claim(self, name: str, most: int) -> None:
        """A worker asks for a stream."""
        self._got(name, self._claim(name, most), self.model.claim(name, most))

    @rule(name=names, most=st.integers(1, 5))
    def take_over(self, name: str, most: int) -> None:
        """A worker finds that the owner's heart has stopped: at the fourth look, not before."""
        stream = self.model.streams.get(name)
        if stream is None or stream.owner != "alive":
            return
        looks = count(0, BEAT_S)
        pulses = Pulses(clock=lambda: next(looks))
        early = [self._claim(name, most, pulses) for _ in range(3)]

        assert early == [None] * 3
        claimed = self._claim(name, most, pulses)
        self._got(name, claimed, self.model.claim(name, most, silent=True))

    def _claim(self, name: str, most: int, pulses: Pulses | None = None) -> Claim | None:
        return self.store.write(
            lambda db: batches.claim(
                db,
                ("claude", name),
                extractor="x",
                max_events=most,
                now_ms=self.model.now_ms,
                pulses=pulses,
            )
        )

    def _got(self, name: str, claim: Claim | None, batch: Batch | None) -> None:
        assert (claim is None) == (batch is None)
        if claim is None or batch is None:
            return
        assert (claim.start_seq, claim.end_seq, claim.attempt, claim.epoch) == (
            batch.start,
            batch.end,
            batch.attempts,
            self.model.streams[name].epoch,
        )
        self.hands.append(Hand(name, claim, batch))

    @precondition(lambda self: self.hands)
    @rule(pick=picks)
    def beat(self, pick: int) -> None:
        """A heart beats, perhaps for a lease that is lost; nothing else may change."""
        claim = self.hands[pick % len(self.hands)].claim
        self.store.write(lambda db: batches.beat(db, [claim]))

    @precondition(lambda self: self.hands)
    @rule(pick=picks, again=st.booleans())
    def finish(self, pick: int, again: bool) -> None:
        """A worker comes with its result; a zombie may come twice."""
        hand = self._hand(pick, keep=again)
        if self._result(hand, lambda db: _commit(db, hand.claim, self.model.now_ms)):
            self.model.finish(hand.name, hand.batch)

    @precondition(lambda self: self.hands)
    @rule(
        pick=picks,
        kind=st.sampled_from(sorted(STRIKES)),
        again=st.booleans(),
        pause_ms=st.sampled_from([1_000, 60_000, 3_600_000]),
    )
    def fail(self, pick: int, kind: str, again: bool, pause_ms: int) -> None:
        """A worker's observer fails; of the pauses it may get this one is drawn."""
        hand = self._hand(pick, keep=again)
        failure = Failure(kind=kind, message="no", retry_after_ms=1_000)
        now_ms = self.model.now_ms
        state = self._result(hand, lambda db: batches.fail(db, hand.claim, failure, now_ms=now_ms))
        if not state:
            return
        assert state == self.model.fail(hand.name, hand.batch, kind)
        with self.store.read() as db:
            query = "SELECT retry_ms FROM batches WHERE id = ?"
            retry_ms = db.execute(query, (hand.claim.batch,)).get
        assert 1_000 <= retry_ms - now_ms <= 3_600_000
        hand.batch.retry_ms = now_ms + pause_ms
        drawn = (hand.batch.retry_ms, hand.claim.batch)
        self.store.write(
            lambda db: db.execute("UPDATE batches SET retry_ms = ? WHERE id = ?", drawn)
        )

    @precondition(lambda self: self.hands)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        """A worker stops in the middle and says so."""
        hand = self._hand(pick, keep=False)

        def change(db: apsw.Connection) -> bool:
            batches.release(db, hand.claim)
            return True

        if self._result(hand, change):
            self.model.release(hand.batch)

    def _hand(self, pick: int, *, keep: bool) -> Hand:
        pick %= len(self.hands)
        return self.hands[pick] if keep else self.hands.pop(pick)

    def _result(self, hand: Hand, change: Callable[[apsw.Connection], T]) -> T | None:
        """Bring a result; it has to be refused exactly when the model says so."""
        counts = self.model.give_back(hand.name, hand.claim.epoch)
        try:
            done = self.store.write(change)
        except LeaseLost:
            assert not counts
            return None
        assert counts, "a result under a lost lease was taken"
        return done

    @rule(name=names)
    def die(self, name: str) -> None:
        """The process that has the stream is killed; what it sent may still arrive."""
        stream = self.model.streams.get(name)
        if stream is None or stream.owner != "alive":
            return
        stream.owner = "dead"
        self.store.write(
            lambda db: db.execute(
                "UPDATE streams SET lease_owner = 'another-boot/1/1/x' WHERE stream_id = ?", (name,)
            )
        )

    @rule(name=names, limit=st.integers(1, 3))
    def retry(self, name: str, limit: int) -> None:
        """A person has failed and dead batches tried again."""
        if name not in self.model.streams:
            return
        with self.store.read() as db:
            found = batches.retryable(db, ("claude", name), limit=limit)
        wanted = self.model.retryable(name)[:limit]
        assert len(found) == len(wanted)
        for batch, expected in zip(found[:1], wanted[:1], strict=True):
            claim = self.store.write(
                lambda db, batch=batch: batches.claim_again(
                    db, batch, extractor="x", now_ms=self.model.now_ms
                )
            )
            self._got(name, claim, self.model.claim_again(name, expected))

    @rule(step_ms=st.sampled_from([1, 60_000, 3_600_000, DAY_MS, -60_000, -DAY_MS]))
    def pass_time(self, step_ms: int) -> None:
        """Time passes, or the clock is set, forwards or back."""
        self.model.now_ms += step_ms

    @rule(keep_ms=st.sampled_from([-DAY_MS, 0, DAY_MS]))
    def retain(self, keep_ms: int) -> None:
        """Old events are deleted: none that waits, none of a batch that was given up."""
        since_ms = self.model.now_ms - keep_ms
        before = {name: self._kept(name) for name in self.model.streams}
        self.store.write(lambda db: events.retain(db, since_ms=since_ms))
        for name, stream in self.model.streams.items():
            gone = before[name] - self._kept(name)
            assert gone <= self.model.may_go(name)
            stream.gone |= gone

    def _kept(self, name: str) -> set[int]:
        query = "SELECT seq FROM raw_events e JOIN streams s ON s.id = e.stream WHERE stream_id = ?"
        with self.store.read() as db:
            return {seq for (seq,) in db.execute(query, (name,)).fetchall()}

    @invariant()
    def equals_the_model(self) -> None:
        """Cursors, batches, memories and events are what the model says."""
        for name, stream in self.model.streams.items():
            with self.store.read() as db:
                cursor = db.execute(_CURSOR, (name,)).fetchone()
                rows = db.execute(_BATCHES, (name,)).fetchall()
                effects = db.execute(_EFFECTS, (name,)).fetchall()
            assert cursor == (len(stream.events) - 1, stream.flushed, stream.epoch)
            assert rows == [
                (b.start, b.end, b.state, b.attempts, b.strikes) for b in stream.batches
            ]
            assert effects == [(f"{start}-{end}",) for start, end in stream.effects]
            assert self._kept(name) == set(range(len(stream.events))) - stream.gone


_CURSOR = "SELECT last_received_seq, last_flushed_seq, lease_epoch FROM streams WHERE stream_id = ?"
_BATCHES = """
    SELECT start_seq, end_seq, state, attempts, strikes
      FROM batches b JOIN streams s ON s.id = b.stream
     WHERE s.stream_id = ? ORDER BY b.id
"""
_EFFECTS = """
    SELECT title FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE s.stream_id = ? ORDER BY m.id
"""


def _event(name: str, event_id: str) -> RawEvent:
    return RawEvent(
        source="claude", stream_id=name, event_id=event_id, event_type="x", payload={}, project="p"
    )


def _commit(db: apsw.Connection, claim: Claim, now_ms: int) -> bool:
    """Write a batch's effect and its completion; the key would let the same effect in twice."""
    session = sessions.of_stream(
        db, ("claude", claim.stream_id), project="p", cwd=None, started_ms=now_ms
    )
    title = f"{claim.start_seq}-{claim.end_seq}"
    key = os.urandom(8).hex()
    new = NewMemory(key=key, kind="change", title=title, body="x", origin="user")
    memories.add(db, new, session_id=session, batch=claim.batch, now_ms=now_ms)
    batches.finish(db, claim, now_ms=now_ms)
    return True


def run(*, examples: int, steps: int = 50, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """Compare so many random histories with the model."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        QueueMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_queue_equals_its_model() -> None:
    """300 histories of 50 steps: claims, deaths, takeovers, replays, clocks that jump."""
    run(examples=300)


@pytest.mark.faults
def test_the_queue_equals_its_model_at_length() -> None:
    """The same, 10,000 times."""
    run(examples=10_000)


def _no_epoch(db: apsw.Connection, claim: Claim) -> None:
    """Give the stream back whoever has it by now: the planted bug."""
    db.execute("UPDATE streams SET lease_owner = NULL WHERE id = ?", (claim.stream,))


def test_the_model_notices_a_missing_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lease's epoch the comparison fails: it does look."""
    monkeypatch.setattr(batches, "_give_back", _no_epoch)

    with pytest.raises(AssertionError):
        run(examples=300, phases=(Phase.generate,))
