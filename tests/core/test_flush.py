"""One flush: from waiting events to memories, all or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import pytest

from codemem_core import builtin
from codemem_core.errors import RateLimited, TransientError
from codemem_core.hookspecs import hookimpl
from codemem_core.ingest.flush import Flusher
from codemem_core.plugins import Plugins
from codemem_core.records.memory import Memory
from codemem_core.settings import Settings
from codemem_core.store import events, memories
from codemem_core.store.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin
from codemem_core.testing.fakes import Answer
from tests.conftest import EventMaker


def reply(*titles: str, evidence: tuple[int, ...] = (), summary: str = "") -> str:
    """Write an observer's answer."""
    found = [
        {
            "type": "bugfix",
            "title": title,
            "narrative": f"What happened to {title}.",
            "evidence": list(evidence),
            "files_modified": ["/w/demo/a.py"],
        }
        for title in titles
    ]
    about = {"request": summary, "completed": "It was done."} if summary else None
    return json.dumps({"observations": found, "summary": about})


def flusher(store: Store, *answers: Answer, plugin: ModuleType | None = None) -> Flusher:
    """Make a flusher whose observer is scripted."""
    settings = Settings.load({"CODEMEM_OBSERVER_RUNTIME": "scripted"})
    modules = [builtin, observer_plugin(ScriptedObserver(*answers)), *([plugin] if plugin else [])]
    return Flusher(store, Plugins.only(*modules, settings=settings), settings)


@pytest.fixture
def session(store: Store, make_event: EventMaker) -> Store:
    """Put a short session into the store: a prompt, a fetch from the web, an answer."""
    batch = [
        make_event(text="fix the bug"),
        make_event("tool_result", tool_name="WebFetch", status="ok", tool_output="page"),
        make_event("assistant", text="Fixed it."),
    ]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    return store


def stored(store: Store) -> list[Memory]:
    """Return all memories, newest first."""
    with store.read() as db:
        return memories.recent(db, limit=100)


def test_a_flush_writes_observations_and_the_summary(session: Store) -> None:
    """The observer's findings become memories of the session's project; nothing waits any more."""
    report = flusher(session, reply("The fix", summary="Fix the bug.")).flush("claude", "s1")

    assert (report.events, report.runtime, report.failure) == (3, "scripted", "")
    assert {(m.kind, m.title, m.project) for m in stored(session)} == {
        ("bugfix", "The fix", "demo"),
        ("session_summary", "Fix the bug.", "demo"),
    }
    with session.read() as db:
        assert events.totals(db) == (0, 0)


def test_a_memory_that_names_what_was_not_shown_is_a_hypothesis(session: Store) -> None:
    """It is kept and marked: half as sure, with what could not be found."""
    flusher(session, reply("Commit 3d4f5a6")).flush("claude", "s1")

    (memory,) = stored(session)
    assert memory.metadata["hypothesis"] == ["/w/demo/a.py", "3d4f5a6"]
    assert memory.confidence == 0.3


def test_flushing_again_adds_nothing(session: Store) -> None:
    """There is nothing left to claim."""
    worker = flusher(session, reply("The fix"))
    worker.flush("claude", "s1")

    assert worker.flush("claude", "s1").events == 0
    assert len(stored(session)) == 1


def test_a_memory_is_trusted_no_more_than_what_it_cites(
    store: Store, make_event: EventMaker
) -> None:
    """Citing the prompt alone keeps the web page out of it; citing nothing does not."""
    page = make_event("tool_result", tool_name="WebFetch", status="ok", tool_output="page")
    batch = [make_event(text="look it up"), replace(page, origin="external")]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    cited, uncited = reply("cited", evidence=(0,)), reply("uncited")
    both = json.loads(cited)["observations"] + json.loads(uncited)["observations"]

    flusher(store, json.dumps({"observations": both, "summary": None})).flush("claude", "s1")

    assert {m.title: m.origin for m in stored(store)} == {"cited": "user", "uncited": "external"}


def test_memories_carry_the_time_of_what_they_rest_on(session: Store) -> None:
    """Not the time of the flush, which may come days later."""
    flusher(session, reply("The fix", evidence=(0,))).flush("claude", "s1")

    (memory,) = stored(session)
    with session.read() as db:
        assert memory.created_ms == db.execute("SELECT ts_ms FROM raw_events WHERE seq = 0").get


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (TransientError("no route"), "transient"),
        (RateLimited("slow down", retry_after_s=60), "rate_limited"),
        ("I would rather not answer in that format.", "transient"),
    ],
)
def test_a_failing_observer_loses_nothing(session: Store, answer: Answer, kind: str) -> None:
    """The batch waits for its retry; no event is consumed, no memory written."""
    report = flusher(session, answer).flush("claude", "s1")

    assert report.failure.startswith(kind)
    assert stored(session) == []
    with session.read() as db:
        assert events.totals(db) == (1, 3)
        state = db.execute("SELECT state, error_kind, attempts FROM batches").get
    assert state == ("failed", kind, 1)


def test_a_bug_in_an_observer_gives_the_stream_back(session: Store) -> None:
    """It raises, and the stream is not taken for as long as the process lives."""
    with pytest.raises(ZeroDivisionError):
        flusher(session, ZeroDivisionError()).flush("claude", "s1")

    with session.read() as db:
        assert db.execute("SELECT lease_owner FROM streams").get is None
        assert db.execute("SELECT state, error_kind FROM batches").get == ("failed", "bug")


def test_a_long_session_is_flushed_in_batches(store: Store, make_event: EventMaker) -> None:
    """Each batch is an answer of its own; their memories do not collide."""
    batch = [make_event() for _ in range(5)]
    store.write(lambda db: events.append(db, batch, now_ms=1))

    report = flusher(store, reply("one"), reply("two"), reply("three")).flush(
        "claude", "s1", max_events=2
    )

    assert report.events == 5
    assert {memory.title for memory in stored(store)} == {"one", "two", "three"}


def test_a_bare_ok_costs_no_model_call(store: Store, make_event: EventMaker) -> None:
    """Trivial sessions are finished without asking anybody."""
    batch = [make_event("session_start", source="startup"), make_event(text="OK!")]
    store.write(lambda db: events.append(db, batch, now_ms=1))

    report = flusher(store, TransientError("must not be asked")).flush("claude", "s1")

    assert (report.events, report.failure) == (2, "")


def test_plugins_hear_of_each_memory_after_the_commit(session: Store) -> None:
    """The notification finds the memory in the database."""
    heard = []
    listener = ModuleType("listener")

    @hookimpl
    def codemem_memory_saved(memory: Memory) -> None:
        with session.read() as db:
            heard.append(memories.get(db, memory.id))

    listener.__dict__["codemem_memory_saved"] = codemem_memory_saved
    flusher(session, reply("The fix"), plugin=listener).flush("claude", "s1")

    assert [memory.title for memory in heard if memory] == ["The fix"]
