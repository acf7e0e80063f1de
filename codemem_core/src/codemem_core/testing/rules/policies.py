"""Rules for flush policies."""

from __future__ import annotations

from dataclasses import replace

from codemem_core.records.event import FlushDecision, StreamState
from codemem_core.testing.conformance import Rule, Subject

_DAY_MS = 86_400_000
_STATE = StreamState(
    source="sample",
    stream_id="s",
    project="p",
    pending=3,
    pending_tools=1,
    pending_prompts=1,
    first_pending_ms=1_000_000,
    last_received_ms=1_060_000,
    last_event_type="tool_result",
)
_STATES = (
    _STATE,
    replace(_STATE, last_event_type="session_end"),
    replace(_STATE, source="nobody-knows"),
    replace(_STATE, project=None, pending=10_000, pending_tools=9_000, pending_prompts=900),
)
_PAUSES_MS = (0, 1, 1_000, 60_000, 600_000, 3_600_000, _DAY_MS, 365 * _DAY_MS)


def decides(subject: Subject) -> None:
    """A decision is a `FlushDecision`, for any state, also of a host it never heard of."""
    for state, now_ms in _moments():
        decision = subject.make().due(state, now_ms=now_ms)
        assert isinstance(decision, FlushDecision), f"it gave `{decision!r:.80}`"


def decides_the_same_again(subject: Subject) -> None:
    """It is asked again and again, by several processes: state and time are all there is."""
    policy = subject.make()
    for state, now_ms in _moments():
        first = policy.due(state, now_ms=now_ms)
        assert policy.due(state, now_ms=now_ms) == first, "it changed its mind"
        assert subject.make().due(state, now_ms=now_ms) == first, "another one decides otherwise"


def never_takes_it_back(subject: Subject) -> None:
    """A stream that is due stays due until it is flushed, or nobody ever flushes it."""
    for state in _STATES:
        was_due = False
        for pause in _PAUSES_MS:
            due = subject.make().due(state, now_ms=state.last_received_ms + pause).due
            assert due or not was_due, f"due earlier, not due {pause} ms after the last event"
            was_due = due


def bears_a_clock_that_jumps(subject: Subject) -> None:
    """Clocks are set back; a stream must not become due, or fail, because of that."""
    policy = subject.make()
    for jump in (-_DAY_MS, -1):
        decision = policy.due(_STATE, now_ms=_STATE.last_received_ms + jump)
        assert isinstance(decision, FlushDecision), f"it gave `{decision!r:.80}`"


def _moments() -> list[tuple[StreamState, int]]:
    return [(state, state.last_received_ms + pause) for state in _STATES for pause in _PAUSES_MS]


RULES: tuple[Rule, ...] = (
    decides,
    decides_the_same_again,
    never_takes_it_back,
    bears_a_clock_that_jumps,
)
