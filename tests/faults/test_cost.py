"""What a provider in trouble costs in a day: calls are bounded, whatever is wrong with it."""

from __future__ import annotations

from collections import Counter

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import (
    AuthError,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
    Unreachable,
)
from codemem_core.flush.flusher import Flusher
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import ObserveRequest
from codemem_core.store import batches, events
from codemem_core.store.engine.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin
from tests.conftest import EventMaker

SWEEP_S = 30
DAY_S = 86_400
START_MS = 1_780_000_000_000


class Day:
    """A day that passes as fast as it can, with a sweep every 30 s."""

    def __init__(self, store: Store, trouble: ObserverError | str, *, healthy: str = "") -> None:
        self.now_s = 0
        self.calls: Counter[str] = Counter()
        self._store = store
        self._trouble = trouble
        self._healthy = healthy
        settings = Settings.load({"CODEMEM_OBSERVER_RUNTIME": "scripted"})
        observer = observer_plugin(ScriptedObserver(self._answer))
        self._flusher = Flusher(
            store,
            Plugins.only(builtin, observer, settings=settings),
            settings,
            now_ms=self._now_ms,
            clock=lambda: float(self.now_s),
        )

    def _now_ms(self) -> int:
        return START_MS + self.now_s * 1000

    def _answer(self, request: ObserveRequest) -> str:
        stream = request.evidence.stream_id
        self.calls[stream] += 1
        if stream == self._healthy:
            return '{"observations": []}'
        if isinstance(self._trouble, str):
            return self._trouble
        raise self._trouble

    def pass_by(self, *, until_s: int = DAY_S) -> None:
        """Sweep until the day is over."""
        for self.now_s in range(0, until_s, SWEEP_S):
            with self._store.read() as db:
                waiting = events.pending(db, now_ms=self._now_ms())
            for state in waiting:
                self._flusher.flush(state.source, state.stream_id)


def fill(store: Store, make_event: EventMaker) -> None:
    """Put a prompt into each of five streams."""
    for n in range(5):
        event = make_event(stream_id=f"s{n}")
        store.write(lambda db, event=event: events.append(db, [event], now_ms=START_MS))


@pytest.mark.parametrize(
    "trouble",
    [
        Misconfigured("no observer_model"),
        AuthError("401"),
        RateLimited("429"),
        RateLimited("429", retry_after_s=3600),
        Unreachable("no network"),
    ],
    ids=lambda trouble: f"{trouble.kind}-{getattr(trouble, 'retry_after_s', None)}",
)
def test_a_day_without_a_provider_costs_one_call_a_pause_and_no_batch(
    store: Store, make_event: EventMaker, trouble: ObserverError
) -> None:
    """A quarter of an hour at most, an hour if it asked for that; the events wait."""
    fill(store, make_event)
    day = Day(store, trouble)
    day.pass_by()

    budget = 26 if getattr(trouble, "retry_after_s", None) else 102
    assert day.calls.total() <= budget
    with store.read() as db:
        assert batches.dead(db, limit=9) == []
        assert events.totals(db) == (5, 5)


@pytest.mark.parametrize(
    ("trouble", "most"),
    [
        (TransientError("500"), 8),
        (PermanentError("400"), 3),
        ("", 4),
        ("I would rather not.", 4),
    ],
    ids=["500", "400", "empty", "malformed"],
)
def test_a_batch_that_fails_is_tried_so_often_and_then_listed(
    store: Store, make_event: EventMaker, trouble: ObserverError | str, most: int
) -> None:
    """Every batch ends as a dead letter, with its reason."""
    fill(store, make_event)
    day = Day(store, trouble)
    day.pass_by()

    assert max(day.calls.values()) <= most
    with store.read() as db:
        assert len(batches.dead(db, limit=9)) == 5
        assert events.totals(db) == (0, 0)


def test_a_poisonous_stream_does_not_hold_up_the_others(
    store: Store, make_event: EventMaker
) -> None:
    """The one the provider can answer is answered within the first hour."""
    fill(store, make_event)
    day = Day(store, TransientError("500"), healthy="s4")
    day.pass_by()

    with store.read() as db:
        done = db.execute("SELECT updated_ms FROM batches WHERE state = 'completed'").get
    assert done - START_MS < 3_600_000


def test_a_retry_without_a_pause_breaks_the_budget(
    store: Store, make_event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without breaker and back-off an hour costs more than a day may: the figures do look."""
    monkeypatch.setattr("codemem_core.flush.circuit_breaker._FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(batches, "_LONGEST_PAUSE_MS", 1)
    fill(store, make_event)
    day = Day(store, AuthError("401"))
    day.pass_by(until_s=3_600)

    assert day.calls.total() > 102
