"""The core's flush policies."""

from __future__ import annotations

import pytest

from codemem_core.config.settings import Settings
from codemem_core.policies.debounce import Debounce
from codemem_core.policies.idle import Idle
from codemem_core.records.event import StreamState


def quiet_since(received_ms: int, *, turn_is_open: bool = False) -> StreamState:
    """Make a stream whose newest event came then."""
    return StreamState(
        source="claude",
        stream_id="s1",
        project=None,
        pending=1,
        pending_tools=0,
        pending_prompts=1,
        first_pending_ms=received_ms,
        last_received_ms=received_ms,
        last_event_type="prompt",
        turn_is_open=turn_is_open,
    )


def debounce(**environ: str) -> Debounce:
    """Make the policy, switched on."""
    return Debounce(Settings.load({"CODEMEM_RAW_EVENTS_AUTO_FLUSH": "1"} | environ))


def test_debounce_is_off_unless_asked_for() -> None:
    """Each flush costs a model call."""
    decision = Debounce(Settings.load({})).due(quiet_since(0), now_ms=10**9)

    assert (decision.due, decision.check_again_ms) == (False, 0)


def test_debounce_says_how_long_it_still_waits() -> None:
    """The worker sleeps until then; nothing has to poll."""
    decision = debounce().due(quiet_since(1_000), now_ms=11_000)

    assert (decision.due, decision.check_again_ms) == (False, 50_000)


def test_debounce_is_due_after_its_pause() -> None:
    """Counted from the newest event, as it is stored: a restart forgets nothing."""
    assert debounce().due(quiet_since(1_000), now_ms=61_000).due


@pytest.mark.parametrize("wait_ms", ["0", "-1"])
def test_debounce_of_nothing_flushes_at_once(wait_ms: str) -> None:
    """Whoever sets it so wants each event to become a memory now."""
    policy = debounce(CODEMEM_RAW_EVENTS_DEBOUNCE_MS=wait_ms)

    assert policy.due(quiet_since(1_000), now_ms=1_000).due


def test_a_session_is_idle_when_the_limit_is_reached() -> None:
    """Not a millisecond before."""
    policy = Idle(Settings.load({}))

    assert policy.due(quiet_since(1_000), now_ms=121_000).due
    assert not policy.due(quiet_since(1_000), now_ms=120_999).due


def test_a_clock_that_was_put_back_delays_no_flush() -> None:
    """An event from tomorrow would else wait until tomorrow."""
    assert Idle(Settings.load({})).due(quiet_since(86_400_000), now_ms=1).due
    assert debounce().due(quiet_since(86_400_000), now_ms=1).due


def test_the_sweeper_can_be_switched_off() -> None:
    """Then only other policies flush."""
    policy = Idle(Settings.load({"CODEMEM_RAW_EVENTS_SWEEPER": "off"}))

    assert not policy.due(quiet_since(0), now_ms=10**12).due


@pytest.mark.parametrize(
    ("environ", "wait_ms"),
    [
        ({}, 1_800_000),
        ({"CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": "60000"}, 60_000),
        ({"CODEMEM_RAW_EVENTS_OPEN_TURN_MS": "90000"}, 90_000),
        (
            {
                "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": "60000",
                "CODEMEM_RAW_EVENTS_OPEN_TURN_MS": "90000",
            },
            90_000,
        ),
    ],
)
def test_an_open_turn_is_not_idle(environ: dict[str, str], wait_ms: int) -> None:
    """An idle time that somebody set acts as documented, unless they set this one, too."""
    policy = Idle(Settings.load(environ))
    state = quiet_since(1_000, turn_is_open=True)

    assert policy.due(state, now_ms=1_000 + wait_ms).due
    assert not policy.due(state, now_ms=999 + wait_ms).due
