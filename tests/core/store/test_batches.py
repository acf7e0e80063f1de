"""The flush queue: one owner at a time, results of a lost lease refused."""

from __future__ import annotations

import apsw
import pytest

from codemem_core.store import batches, events
from codemem_core.store.batches import Claim, Failure, LeaseLost
from codemem_core.store.engine.lease_owner import Pulses, is_alive, new_owner
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker

KEY = ("claude", "s1")


def fill(store: Store, make_event: EventMaker, count: int) -> None:
    """Put events into stream s1."""
    batch = [make_event() for _ in range(count)]
    store.write(lambda db: events.append(db, batch, now_ms=1))


def take(store: Store, *, now_ms: int = 10, max_events: int = 100) -> Claim | None:
    """Claim stream s1."""
    return store.write(
        lambda db: batches.claim(db, KEY, extractor="x", max_events=max_events, now_ms=now_ms)
    )


def taken(store: Store, *, now_ms: int = 10, max_events: int = 100) -> Claim:
    """Claim stream s1 and insist on getting it."""
    claim = take(store, now_ms=now_ms, max_events=max_events)
    assert claim is not None
    return claim


def kill_owner(db: apsw.Connection) -> None:
    """Make the lease look as if its process had died."""
    db.execute("UPDATE streams SET lease_owner = 'another-boot/1/1/abcd'")


def test_a_claim_takes_the_oldest_events_up_to_the_limit(
    store: Store, make_event: EventMaker
) -> None:
    """A long session is flushed in batches, in order."""
    fill(store, make_event, 5)

    claim = taken(store, max_events=3)

    assert (claim.start_seq, claim.end_seq, claim.attempt) == (0, 2, 1)


def test_a_stream_has_one_owner(store: Store, make_event: EventMaker) -> None:
    """While a living process flushes a stream nobody else gets it."""
    fill(store, make_event, 2)
    taken(store)

    assert take(store) is None


def test_finishing_moves_the_cursor(store: Store, make_event: EventMaker) -> None:
    """What is flushed is not handed out again; what came later is."""
    fill(store, make_event, 2)
    claim = taken(store)
    fill(store, make_event, 1)
    store.write(lambda db: batches.finish(db, claim, now_ms=11))

    assert taken(store).start_seq == 2


def test_a_dead_owners_stream_is_taken_over_and_its_result_refused(
    store: Store, make_event: EventMaker
) -> None:
    """The lease's number, not a clock, decides whose result counts."""
    fill(store, make_event, 2)
    zombie = taken(store)
    store.write(kill_owner)
    heir = taken(store)

    with pytest.raises(LeaseLost):
        store.write(lambda db: batches.finish(db, zombie, now_ms=12))
    store.write(lambda db: batches.finish(db, heir, now_ms=13))
    assert (heir.batch, heir.attempt) == (zombie.batch, 2)


def test_a_failed_batch_waits_before_it_is_tried_again(
    store: Store, make_event: EventMaker
) -> None:
    """The pause is at least what the provider asked for."""
    fill(store, make_event, 2)
    failure = Failure(kind="rate_limited", message="slow down", retry_after_ms=60_000)
    claim = taken(store)
    store.write(lambda db: batches.fail(db, claim, failure, now_ms=10))

    assert take(store, now_ms=60_009) is None
    with store.read() as db:
        assert events.pending(db, now_ms=60_009) == []
    assert taken(store, now_ms=10_000_000).attempt == 2


def test_a_batch_keeps_its_range_when_tried_again(store: Store, make_event: EventMaker) -> None:
    """Events that arrive meanwhile do not change what a retry is about."""
    fill(store, make_event, 2)
    claim = taken(store)
    store.write(lambda db: batches.fail(db, claim, Failure(kind="t", message="x"), now_ms=10))
    fill(store, make_event, 3)

    again = taken(store, now_ms=10_000_000)

    assert (again.batch, again.end_seq) == (claim.batch, 1)


def fail_until_dead(store: Store, kind: str) -> int:
    """Fail the first batch of s1 for the same reason until it dies; return how often it took."""
    failure = Failure(kind=kind, message="it failed")
    for tries in range(1, 100):
        claim = taken(store, now_ms=tries * 10_000_000)
        if store.write(lambda db, c=claim: batches.fail(db, c, failure, now_ms=0)) == "dead":
            return tries
    return 100


@pytest.mark.parametrize(
    ("kind", "tries"), [("transient", 8), ("odd", 8), ("permanent", 3), ("bug", 3)]
)
def test_a_batch_that_keeps_failing_dies_and_the_stream_goes_on(
    store: Store, make_event: EventMaker, kind: str, tries: int
) -> None:
    """One poisonous batch does not hold up its session for ever."""
    fill(store, make_event, 2)
    tried = fail_until_dead(store, kind)
    fill(store, make_event, 1)

    assert tried == tries
    assert taken(store, now_ms=10**12).start_seq == 2
    with store.read() as db:
        (dead,) = batches.dead(db, limit=9)
    assert (dead.stream_id, dead.start_seq, dead.end_seq, dead.error) == ("s1", 0, 1, "it failed")


def test_a_batch_that_takes_its_process_down_three_times_is_dead(
    store: Store, make_event: EventMaker
) -> None:
    """The third takeover sets it aside and takes what comes after it."""
    fill(store, make_event, 4)
    starts = []
    for _ in range(4):
        starts.append(taken(store, max_events=2).start_seq)
        store.write(kill_owner)

    with store.read() as db:
        (dead,) = batches.dead(db, limit=9)
    assert starts == [0, 0, 0, 2]
    assert (dead.error_kind, dead.attempts) == ("poison", 3)


def test_failures_that_are_not_its_fault_do_not_count_against_a_batch(
    store: Store, make_event: EventMaker
) -> None:
    """After a week without a key, one bad answer does not kill it."""
    fill(store, make_event, 1)
    for n, kind in enumerate(("auth", "rate_limited", "unreachable") * 4):
        claim = taken(store, now_ms=n * 10_000_000)
        failure = Failure(kind=kind, message="wait")
        store.write(lambda db, c=claim, f=failure: batches.fail(db, c, f, now_ms=0))
    claim = taken(store, now_ms=10**12)
    bad = Failure(kind="transient", message="x")

    assert store.write(lambda db: batches.fail(db, claim, bad, now_ms=0)) == "failed"


def test_a_released_batch_counts_no_attempt(store: Store, make_event: EventMaker) -> None:
    """A server that stops in the middle has not failed."""
    fill(store, make_event, 1)
    claim = taken(store)
    store.write(lambda db: batches.release(db, claim))

    assert taken(store).attempt == 1


def test_a_pause_ends_when_the_clock_was_put_back(store: Store, make_event: EventMaker) -> None:
    """A failure recorded tomorrow must not hold its stream up until tomorrow."""
    fill(store, make_event, 1)
    failure = Failure(kind="rate_limited", message="wait", retry_after_ms=60_000)
    claim = taken(store)
    store.write(lambda db: batches.fail(db, claim, failure, now_ms=86_400_000))

    with store.read() as db:
        assert [state.stream_id for state in events.pending(db, now_ms=20)] == ["s1"]
    assert taken(store, now_ms=20).attempt == 2


def test_a_dead_batch_is_replayed_alone(store: Store, make_event: EventMaker) -> None:
    """The cursor stays where it is; what was flushed after the batch is not flushed again."""
    fill(store, make_event, 2)
    fail_until_dead(store, "permanent")
    fill(store, make_event, 1)
    later = taken(store, now_ms=10**12)
    store.write(lambda db: batches.finish(db, later, now_ms=1))
    with store.read() as db:
        (dead,) = batches.retryable(db, KEY, limit=5)
    again = store.write(lambda db: batches.claim_again(db, dead, extractor="x", now_ms=2))
    assert again is not None
    store.write(lambda db: batches.finish(db, again, now_ms=3))

    assert (again.start_seq, again.end_seq) == (0, 1)
    assert take(store, now_ms=10**12) is None
    with store.read() as db:
        assert batches.retryable(db, KEY, limit=5) == []


@pytest.mark.parametrize("ending", ["fail", "release", "die"])
def test_a_replay_that_fails_leaves_the_batch_dead(
    store: Store, make_event: EventMaker, ending: str
) -> None:
    """Whatever ends it, a person may try again, and the stream is free."""
    fill(store, make_event, 2)
    fail_until_dead(store, "permanent")
    with store.read() as db:
        found = batches.retryable(db, KEY, limit=5)
    again = store.write(lambda db: batches.claim_again(db, found[0], extractor="x", now_ms=2))
    assert again is not None
    failure = Failure(kind="auth", message="no key")
    endings = {
        "fail": lambda db: batches.fail(db, again, failure, now_ms=3),
        "release": lambda db: batches.release(db, again),
        "die": kill_owner,
    }
    store.write(endings[ending])

    with store.read() as db:
        assert batches.retryable(db, KEY, limit=5) == found
    fill(store, make_event, 1)
    assert taken(store).start_seq == 2


def test_a_failed_batch_is_retried_before_its_pause_is_over(
    store: Store, make_event: EventMaker
) -> None:
    """A person who asks for it does not wait."""
    fill(store, make_event, 2)
    claim = taken(store)
    failure = Failure(kind="rate_limited", message="wait", retry_after_ms=60_000)
    store.write(lambda db: batches.fail(db, claim, failure, now_ms=10))
    with store.read() as db:
        found = batches.retryable(db, KEY, limit=5)
    again = store.write(lambda db: batches.claim_again(db, found[0], extractor="x", now_ms=11))

    assert found == [claim.batch]
    assert again is not None
    assert again.attempt == 2


def test_a_living_owner_keeps_its_stream_as_long_as_it_beats(
    store: Store, make_event: EventMaker
) -> None:
    """However slow it is; three missed beats in a row end the lease."""
    fill(store, make_event, 1)
    slow = taken(store)
    now_s = 0.0
    pulses = Pulses(beat_s=5, clock=lambda: now_s)

    def look() -> Claim | None:
        return store.write(
            lambda db: batches.claim(db, KEY, extractor="x", max_events=9, now_ms=1, pulses=pulses)
        )

    for _ in range(100):
        now_s += 5
        store.write(lambda db: batches.beat(db, [slow]))
        assert look() is None
    for _ in range(2):
        now_s += 5
        assert look() is None
    now_s += 5
    heir = look()

    assert heir is not None
    with pytest.raises(LeaseLost):
        store.write(lambda db: batches.finish(db, slow, now_ms=2))
    store.write(lambda db: batches.beat(db, [slow]))
    with store.read() as db:
        assert db.execute("SELECT lease_beat FROM streams").get == 0


def test_time_in_which_nobody_looked_does_not_count() -> None:
    """Both processes were stopped, or the machine slept: one beat at most is missed."""
    now_s = 0.0
    pulses = Pulses(beat_s=5, clock=lambda: now_s)
    pulses.is_silent(1, epoch=1, beat=7)
    now_s = 100_000

    assert not pulses.is_silent(1, epoch=1, beat=7)


def test_an_owner_is_alive_only_as_this_process() -> None:
    """Neither another boot nor another start time of the same pid passes for it."""
    owner = new_owner()
    boot, pid, started, rest = owner.split("/")

    assert is_alive(owner)
    assert not is_alive("/".join((boot, pid, str(int(started or 0) + 1), rest)))
    assert not is_alive("/".join(("other-boot", pid, started, rest)))


def test_a_late_failure_does_not_bring_a_batch_back_that_was_set_aside(
    store: Store, make_event: EventMaker
) -> None:
    """Its third owner was counted lost and the cursor is past it; then that owner answers."""
    fill(store, make_event, 1)
    for n in range(2):
        taken(store, now_ms=n)
        store.write(kill_owner)
    third = taken(store, now_ms=2)
    store.write(kill_owner)
    nothing = take(store, now_ms=3)

    failure = Failure(kind="auth", message="no key")
    state = store.write(lambda db: batches.fail(db, third, failure, now_ms=4))

    assert (nothing, state) == (None, "dead")
    with store.read() as db:
        assert batches.retryable(db, KEY, limit=5) == [third.batch]
