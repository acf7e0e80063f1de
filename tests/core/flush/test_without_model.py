"""Batches that a model cannot answer, and stretches that begin within a turn."""

from __future__ import annotations

from itertools import count
from types import ModuleType

from codemem_core.errors import BudgetSpent, PermanentError
from codemem_core.records.protocols import ObserveRequest
from codemem_core.store import batches, events
from codemem_core.store.engine.store import Store
from codemem_core.store.overview import glance
from codemem_core.testing import ScriptedObserver, observer_plugin
from codemem_core.testing.fakes import Answer
from tests.conftest import EventMaker
from tests.core.flush.test_flusher import flusher, reply, session, stored

__all__ = ["session"]


def offline(*answers: Answer) -> ModuleType:
    """Make a plugin with a runtime that needs no model."""
    return observer_plugin(ScriptedObserver(*answers), name="offline", offline=True)


def test_what_a_model_declines_is_distilled_without_it_and_marked(session: Store) -> None:
    """No batch ends in silence; the reason stays until the model has answered."""
    flush = flusher(session, PermanentError("declined"), plugin=offline(reply("found offline")))

    report = flush.flush("claude", "s1")

    assert (report.failure, report.runtime) == ("", "offline")
    [memory] = stored(session)
    assert memory.metadata["in_place_of_a_model"] == "declined"
    with session.read() as db:
        [batch] = batches.without_model(db, limit=9)
        assert (batch.error_kind, batch.error) == ("permanent", "declined")
        assert glance(db).without_model == 1


def test_a_model_that_is_well_again_is_asked_again(session: Store) -> None:
    """Garbage is worth a few tries, so a gateway that restarts costs nothing."""
    now = count(10**12, 10**8)
    flush = flusher(
        session, "<html>", "", reply("by the model"), plugin=offline(), now_ms=lambda: next(now)
    )

    while flush.flush("claude", "s1").failure:
        pass

    assert [memory.title for memory in stored(session)] == ["by the model"]


def test_garbage_without_end_is_distilled_without_the_model(session: Store) -> None:
    """After four answers that nobody can use."""
    now = count(10**12, 10**8)
    flush = flusher(
        session, *["garbage"] * 4, plugin=offline(reply("offline")), now_ms=lambda: next(now)
    )

    failures = [flush.flush("claude", "s1").failure[:8] for _ in range(4)]

    assert failures == ["unusable", "unusable", "unusable", ""]
    assert [memory.title for memory in stored(session)] == ["offline"]


def test_a_limit_of_the_users_is_marked_too(session: Store) -> None:
    """The model is asked when a person says so."""
    flush = flusher(session, BudgetSpent("the limit"), plugin=offline(reply("offline")))

    flush.flush("claude", "s1")

    with session.read() as db:
        assert [batch.error for batch in batches.without_model(db, limit=9)] == ["the limit"]


def test_a_stretch_within_a_turn_is_shown_with_its_request(
    store: Store, make_event: EventMaker
) -> None:
    """A model cannot know what work is for when the prompt went with the stretch before."""
    batch = [
        make_event(text="fix the VAT export"),
        make_event("tool_result", tool_name="Read", status="ok", tool_output="a page"),
        make_event("tool_result", tool_name="Read", status="ok", tool_output="another page"),
    ]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    asked: list[ObserveRequest] = []

    def answer(request: ObserveRequest) -> str:
        asked.append(request)
        return reply()

    flusher(store, answer).flush("claude", "s1", max_events=2)

    assert ["fix the VAT export" in request.prompt for request in asked] == [True, True]
