"""Stored events distilled again: what is superseded, what is left alone, and never twice."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import AuthError, BudgetSpent, TransientError
from codemem_core.flush.flusher import Flusher
from codemem_core.flush.reobserve import Reobserver
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.memory import Memory
from codemem_core.store import batches, events, memories
from codemem_core.store.engine.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin
from codemem_core.testing.fakes import Answer
from tests.conftest import EventMaker

NOTHING = '{"observations": [], "summary": null}'


def reply(*titles: str) -> str:
    """Write an observer's answer."""
    found = [{"type": "bugfix", "title": t, "narrative": f"What {t} was."} for t in titles]
    return json.dumps({"observations": found, "summary": None})


def load(**more: str) -> Settings:
    """Load settings for the scripted observer."""
    environ = {f"CODEMEM_{name.upper()}": value for name, value in more.items()}
    return Settings.load({"CODEMEM_OBSERVER_RUNTIME": "scripted", **environ})


def plugins(settings: Settings, *answers: Answer) -> Plugins:
    """Load the core and an observer that gives these answers."""
    return Plugins.only(builtin, observer_plugin(ScriptedObserver(*answers)), settings=settings)


def again(store: Store, *answers: Answer, model: str = "better", **more: str) -> Reobserver:
    """Make a reobserver for a model of its own, whose observer is scripted."""
    settings = load(**more)
    return Reobserver(store, plugins(settings, *answers), settings, model=model)


@pytest.fixture
def flushed(store: Store, make_event: EventMaker) -> Store:
    """Flush two sessions of three events into two memories each."""
    for stream in ("s1", "s2"):
        batch = [
            make_event(text="fix the bug", stream_id=stream),
            make_event("tool_result", stream, tool_name="Bash", status="ok", tool_output="ok"),
            make_event("assistant", stream, text="Fixed it."),
        ]
        store.write(lambda db, batch=batch: events.append(db, batch, now_ms=1))
        settings = load()
        flusher = Flusher(store, plugins(settings, reply(f"{stream} a", f"{stream} b")), settings)
        assert flusher.flush("claude", stream).failure == ""
    return store


def active(store: Store) -> set[str]:
    """Return the titles of the memories in use."""
    with store.read() as db:
        return {memory.title for memory in memories.recent(db, limit=100)}


def titled(store: Store, title: str) -> Memory:
    """Return a memory by its title, in use or not."""
    with store.read() as db:
        [memory_id] = [
            row[0] for row in db.execute("SELECT id FROM memories WHERE title = ?", (title,))
        ]
        found = memories.get(db, memory_id)
    assert found
    return found


def test_a_plan_changes_nothing(flushed: Store) -> None:
    """It asks nobody and says what it would do, and cost."""
    plan = again(flushed, AuthError("must not be asked"), observer_model="gpt-5-mini").plan()

    assert ([s.stream_id for s in plan.stretches], plan.superseded) == (["s2", "s1"], 4)
    assert (plan.model, plan.tokens_out) == ("gpt-5-mini", 8000)
    assert plan.cost_usd
    assert active(flushed) == {"s1 a", "s1 b", "s2 a", "s2 b"}


def test_new_memories_take_the_place_of_the_earlier_ones(flushed: Store) -> None:
    """The earlier ones stay readable, out of use, with a link to what replaced them."""
    work = again(flushed, reply("new"))
    stretch = work.plan(stream_id="s1").stretches[0]

    written = work.apply(stretch)

    assert active(flushed) == {"new", "s2 a", "s2 b"}
    old, new = titled(flushed, "s1 a"), titled(flushed, "new")
    assert written == [new.id]
    assert not old.active
    with flushed.read() as db:
        batch = db.execute("SELECT batch FROM memories WHERE id = ?", (new.id,)).get
    assert old.superseded_by == batch
    assert (new.extractor, new.metadata["model"]) == ("scripted", "scripted")


def test_doing_it_again_does_nothing(flushed: Store) -> None:
    """The plan is empty, and a plan made before is refused: never twice."""
    first, second = again(flushed, reply("new")), again(flushed, reply("newer"))
    stretch = first.plan(stream_id="s1").stretches[0]
    first.apply(stretch)

    assert second.apply(stretch) is None
    assert [s.stream_id for s in second.plan().stretches] == ["s2"]
    assert active(flushed) == {"new", "s2 a", "s2 b"}


def test_the_same_runtime_and_version_is_no_reason(flushed: Store) -> None:
    """Without a model of its own there is nothing to gain."""
    assert again(flushed, reply("new"), model="").plan().stretches == []


def test_another_generation_supersedes_the_last(flushed: Store) -> None:
    """Each takes the place of the one before it."""
    for title in ("second", "third"):
        work = again(flushed, reply(title), model=title)
        work.apply(work.plan(stream_id="s1").stretches[0])

    assert active(flushed) == {"third", "s2 a", "s2 b"}
    assert titled(flushed, "second").superseded_by is not None


def test_what_a_person_confirmed_stays(flushed: Store) -> None:
    """Their word counts more than a model's."""
    kept = titled(flushed, "s1 a").id
    flushed.write(lambda db: db.execute("UPDATE memories SET confirmed = 1 WHERE id = ?", (kept,)))
    work = again(flushed, reply("new"))

    work.apply(work.plan(stream_id="s1").stretches[0])

    assert active(flushed) == {"s1 a", "new", "s2 a", "s2 b"}


def test_what_a_person_took_back_does_not_come_back(flushed: Store) -> None:
    """A stretch with a forgotten memory is left alone, also when it is forgotten meanwhile."""
    work = again(flushed, reply("new"))
    stretch = work.plan(stream_id="s1").stretches[0]
    forgotten = titled(flushed, "s1 a").id
    flushed.write(lambda db: memories.forget(db, forgotten, now_ms=2))

    assert work.apply(stretch) is None
    plan = work.plan()
    assert ([s.stream_id for s in plan.stretches], plan.left_alone) == (["s2"], 1)


def test_an_answer_without_memories_takes_nothing_away(flushed: Store) -> None:
    """Something is not given up for nothing; and it is not asked again."""
    work = again(flushed, NOTHING)

    assert work.apply(work.plan(stream_id="s1").stretches[0]) == []
    assert active(flushed) == {"s1 a", "s1 b", "s2 a", "s2 b"}
    assert [s.stream_id for s in work.plan().stretches] == ["s2"]


@pytest.mark.parametrize("error", [TransientError("no route"), AuthError("no key")])
def test_a_failure_changes_nothing(flushed: Store, error: Exception) -> None:
    """The stretch can be done later."""
    work = again(flushed, error)
    stretch = work.plan(stream_id="s1").stretches[0]

    with pytest.raises(type(error)):
        work.apply(stretch)

    assert active(flushed) == {"s1 a", "s1 b", "s2 a", "s2 b"}
    assert len(work.plan().stretches) == 2


def test_the_budget_holds_and_nothing_falls_back(flushed: Store) -> None:
    """An offline observer never takes the place of what a model wrote."""
    work = again(flushed, reply("new"), observer_budget_tokens_day="100")

    with pytest.raises(BudgetSpent):
        work.apply(work.plan(stream_id="s1").stretches[0])

    assert active(flushed) == {"s1 a", "s1 b", "s2 a", "s2 b"}


@pytest.mark.parametrize(
    "gone",
    [
        "DELETE FROM raw_events WHERE stream = 1 AND seq = 1",
        "UPDATE batches SET state = 'dead' WHERE stream = 1",
    ],
)
def test_only_whole_completed_stretches_count(flushed: Store, gone: str) -> None:
    """With some events gone the new memories would know less."""
    flushed.write(lambda db: db.execute(gone))

    assert [s.stream_id for s in again(flushed, NOTHING).plan().stretches] == ["s2"]


@pytest.mark.parametrize(
    ("ask", "found"),
    [
        (lambda work: work.plan(source="claude"), 2),
        (lambda work: work.plan(source="opencode"), 0),
        (lambda work: work.plan(project="demo"), 2),
        (lambda work: work.plan(project="other"), 0),
        (lambda work: work.plan(limit=1), 1),
        (lambda work: work.plan(since_ms=10**15), 0),
    ],
)
def test_a_plan_may_be_narrowed(
    flushed: Store, ask: Callable[[Reobserver], object], found: int
) -> None:
    """By host, project, time and number."""
    assert len(ask(again(flushed, NOTHING)).stretches) == found  # type: ignore[attr-defined]


def test_new_memories_keep_origin_and_time(flushed: Store) -> None:
    """They rest on the same events, so they are trusted no more and no newer."""
    old = titled(flushed, "s1 a")
    work = again(flushed, reply("new"))

    work.apply(work.plan(stream_id="s1").stretches[0])

    new = titled(flushed, "new")
    assert (new.origin, new.created_ms, new.session_id) == (
        old.origin,
        old.created_ms,
        old.session_id,
    )


def test_what_a_model_failed_to_answer_can_be_asked_alone(flushed: Store) -> None:
    """Once it has answered the batch is like any other."""
    failed = "UPDATE batches SET error_kind = 'permanent', error = 'no' WHERE id = 1"
    flushed.write(lambda db: db.execute(failed))
    work = again(flushed, reply("by the model"))

    [stretch] = work.plan(without_model=True).stretches
    work.apply(stretch)

    assert again(flushed, model="other").plan(without_model=True).stretches == []
    with flushed.read() as db:
        assert batches.without_model(db, limit=9) == []


def test_a_pinned_memory_stays(flushed: Store) -> None:
    """Somebody keeps it at the top of lists: no observer takes it down."""
    memory_id = titled(flushed, "s1 a").id
    flushed.write(lambda db: memories.edit(db, memory_id, {"pinned": True}, now_ms=2))
    work = again(flushed, reply("new"))

    work.apply(work.plan(stream_id="s1").stretches[0])

    assert active(flushed) == {"s1 a", "new", "s2 a", "s2 b"}


def test_what_another_session_says_already_is_counted_with_it(flushed: Store) -> None:
    """Merging works as it does in a flush."""
    work = again(flushed, reply("s2 b"))

    work.apply(work.plan(stream_id="s1").stretches[0])

    assert active(flushed) == {"s2 a", "s2 b"}
    assert titled(flushed, "s2 b").support == 2


def test_rules_are_found_in_events_that_were_flushed_before_there_were_any(
    store: Store, make_event: EventMaker
) -> None:
    """Once: they have keys of their events."""
    batch = [make_event(text="Always use tabs in Makefiles."), make_event("assistant", text="Ok.")]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    Flusher(store, plugins(load(), reply("a")), load()).flush("claude", "s1")
    store.write(lambda db: db.execute("DELETE FROM memories WHERE kind = 'preference'"))
    work = again(store, reply("b"))

    for stretch in work.plan().stretches:
        work.apply(stretch)

    assert active(store) == {"Always use tabs in Makefiles.", "b"}
