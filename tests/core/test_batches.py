"""The flush queue: one owner at a time, results of a lost lease refused."""

from __future__ import annotations

import apsw
import pytest

from codemem_core.store import batches, events
from codemem_core.store.batches import Claim, Failure, LeaseLost
from codemem_core.store.owner import is_alive, new_owner
from codemem_core.store.store import Store
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


def test_after_eight_failures_a_batch_is_dead_and_the_stream_goes_on(
    store: Store, make_event: EventMaker
) -> None:
    """One poisonous batch does not hold up its session for ever."""
    fill(store, make_event, 2)
    failure = Failure(kind="permanent", message="bad output")
    for n in range(batches.MAX_ATTEMPTS):
        claim = taken(store, now_ms=n * 10_000_000)
        state = store.write(lambda db, c=claim: batches.fail(db, c, failure, now_ms=0))
    fill(store, make_event, 1)

    assert state == "dead"
    assert taken(store, now_ms=10**12).start_seq == 2


def test_a_missing_key_never_kills_a_batch(store: Store, make_event: EventMaker) -> None:
    """The user may take a week to find it; the events wait."""
    fill(store, make_event, 1)
    for n in range(batches.MAX_ATTEMPTS + 3):
        claim = taken(store, now_ms=n * 10_000_000)
        failure = Failure(kind="auth", message="no key")
        state = store.write(lambda db, c=claim, f=failure: batches.fail(db, c, f, now_ms=0))

    assert state == "failed"


def test_a_released_batch_counts_no_attempt(store: Store, make_event: EventMaker) -> None:
    """A server that stops in the middle has not failed."""
    fill(store, make_event, 1)
    claim = taken(store)
    store.write(lambda db: batches.release(db, claim))

    assert taken(store).attempt == 1


def test_an_owner_is_alive_only_as_this_process() -> None:
    """Neither another boot nor another start time of the same pid passes for it."""
    owner = new_owner()
    boot, pid, started, rest = owner.split("/")

    assert is_alive(owner)
    assert not is_alive("/".join((boot, pid, str(int(started or 0) + 1), rest)))
    assert not is_alive("/".join(("other-boot", pid, started, rest)))
