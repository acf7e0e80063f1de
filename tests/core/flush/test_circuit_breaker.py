"""The breaker: a provider that keeps failing is left alone for a while."""

from __future__ import annotations

import pytest

from codemem_core.flush.circuit_breaker import Breaker, Held


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """Stop the time."""
    return Clock()


@pytest.fixture
def tripped(clock: Clock) -> Breaker:
    """Make a breaker that has seen three failures in a row."""
    breaker = Breaker(clock=clock)
    for _ in range(3):
        breaker.check()
        breaker.failed()
    return breaker


def calls(breaker: Breaker, wanted: int) -> int:
    """Ask for so many calls at once and return how many may go ahead."""
    allowed = 0
    for _ in range(wanted):
        try:
            breaker.check()
        except Held:
            continue
        allowed += 1
    return allowed


def test_a_success_in_between_keeps_it_closed(clock: Clock) -> None:
    """Only failures in a row count."""
    breaker = Breaker(clock=clock)
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()

    assert calls(breaker, 10) == 10
    assert breaker.held_s() == 0


def test_after_three_failures_calls_are_held(tripped: Breaker) -> None:
    """For the first pause of 30 s nobody asks."""
    assert tripped.held_s() == 30
    assert calls(tripped, 10) == 0


def test_one_call_goes_through_after_the_pause(tripped: Breaker, clock: Clock) -> None:
    """The others wait for its outcome, or for the next pause to be over if it has none."""
    clock.now_s = 30

    assert tripped.held_s() == 0
    assert calls(tripped, 10) == 1
    assert tripped.held_s() == 60


def test_a_success_opens_the_way_for_all(tripped: Breaker, clock: Clock) -> None:
    """The provider is back."""
    clock.now_s = 30
    tripped.check()
    tripped.succeeded()

    assert calls(tripped, 10) == 10


def test_a_day_without_a_provider_costs_a_hundred_calls(tripped: Breaker, clock: Clock) -> None:
    """Pauses double up to a quarter of an hour, however many streams wait."""
    made = 0
    for second in range(30, 86_400):
        clock.now_s = second
        for _ in range(calls(tripped, 50)):
            made += 1
            tripped.failed()

    assert made < 102


def test_a_pause_the_provider_asked_for_is_kept_at_once(clock: Clock) -> None:
    """One answer with Retry-After is enough: the quota is everybody's."""
    breaker = Breaker(clock=clock)
    breaker.failed(retry_after_s=200)

    assert breaker.held_s() == 200
    assert calls(breaker, 1) == 0
