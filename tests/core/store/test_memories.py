"""Memories in the store."""

from __future__ import annotations

from dataclasses import replace

import apsw
import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.memories import BY_HAND, Filter

NOTE = NewMemory(key="k1", kind="note", title="A title", body="A body", origin="user", tags=("a",))


def add(store: Store, new: NewMemory, *, project: str = "demo") -> int | None:
    """Write a memory into a session of its own."""
    return store.write(
        lambda db: memories.add(
            db,
            new,
            session_id=sessions.by_hand(db, project=project, cwd=None, now_ms=1),
            now_ms=5,
        )
    )


def test_a_memory_comes_back_as_it_was_written(store: Store) -> None:
    """Lists, numbers and the project survive the database."""
    new = replace(NOTE, facts=("f1", "f2"), files_read=("a.py",), metadata={"n": 1}, created_ms=3)

    memory_id = add(store, new)

    assert memory_id is not None
    with store.read() as db:
        memory = memories.get(db, memory_id)
    assert memory is not None
    assert (memory.facts, memory.files_read, memory.tags) == (("f1", "f2"), ("a.py",), ("a",))
    assert (memory.project, memory.created_ms, memory.metadata) == ("demo", 3, {"n": 1})


def test_the_same_key_is_written_once(store: Store) -> None:
    """A batch that is committed a second time adds nothing."""
    add(store, NOTE)

    assert add(store, replace(NOTE, title="Another")) is None


def test_recent_lists_the_newest_first_and_one_project(store: Store) -> None:
    """The project and the kind narrow the list."""
    for n in range(3):
        add(store, replace(NOTE, key=f"k{n}", title=f"t{n}", created_ms=n + 1))
    add(store, replace(NOTE, key="other"), project="elsewhere")

    with store.read() as db:
        found = memories.recent(db, limit=2, project="demo", kind="note")
    assert [memory.title for memory in found] == ["t2", "t1"]


def test_a_forgotten_memory_is_not_listed_and_cannot_be_forgotten_twice(store: Store) -> None:
    """Forgetting says whether there was something to forget."""
    memory_id = add(store, NOTE)
    assert memory_id is not None

    assert store.write(lambda db: memories.forget(db, memory_id, now_ms=9))
    assert not store.write(lambda db: memories.forget(db, memory_id, now_ms=9))
    with store.read() as db:
        assert memories.recent(db, limit=5) == []


def test_forgetting_can_be_taken_back(store: Store) -> None:
    """A restored memory is listed again, and there is nothing more to restore."""
    memory_id = add(store, NOTE) or 0
    store.write(lambda db: memories.forget(db, memory_id, now_ms=6))

    restored = [store.write(lambda db: memories.restore(db, memory_id, now_ms=7)) for _ in "12"]

    assert restored == [True, False]
    with store.read() as db:
        assert [memory.id for memory in memories.recent(db, limit=5)] == [memory_id]


def test_edit_returns_what_was_there(store: Store) -> None:
    """Whoever edits can undo it."""
    memory_id = add(store, NOTE) or 0
    changes = {"title": "Other", "facts": ["f"], "tags": ["x"], "pinned": True}

    before = store.write(lambda db: memories.edit(db, memory_id, changes, now_ms=6))

    assert before is not None
    assert before.title == "A title"
    with store.read() as db:
        after = memories.get(db, memory_id)
    assert after is not None
    assert (after.title, after.facts, after.tags) == ("Other", ("f",), ("x",))
    assert (after.pinned, after.confirmed, after.updated_ms) == (True, False, 6)


def test_pages_follow_one_another_without_gaps(store: Store) -> None:
    """Memories of the same millisecond are told apart by their ids."""
    for n in range(7):
        add(store, replace(NOTE, key=f"k{n}", title=f"t{n}", created_ms=1 + n // 3))

    seen, after = [], None
    with store.read() as db:
        while found := memories.page(db, Filter(), limit=2, after=after):
            seen += [memory.title for memory in found]
            after = (found[-1].created_ms, found[-1].id)

    assert seen == [f"t{n}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        (Filter(), ["host", "pinned", "note"]),
        (Filter(kinds=("decision",)), ["host"]),
        (Filter(kinds=("decision", "note")), ["host", "pinned", "note"]),
        (Filter(project="demo"), ["pinned", "note"]),
        (Filter(host="claude"), ["host"]),
        (Filter(host=BY_HAND), ["pinned", "note"]),
        (Filter(since_ms=2, until_ms=3), ["pinned"]),
        (Filter(pinned=True), ["pinned"]),
    ],
)
def test_filters_narrow_the_page(store: Store, wanted: Filter, titles: list[str]) -> None:
    """Each field of a filter by itself."""

    def from_host(db: apsw.Connection) -> None:
        key = ("claude", "s1")
        session = sessions.of_stream(db, key, project="other", cwd=None, started_ms=1)
        new = replace(NOTE, key="h", title="host", kind="decision", created_ms=3)
        memories.add(db, new, session_id=session, now_ms=5)

    add(store, replace(NOTE, title="note", created_ms=1))
    pinned = add(store, replace(NOTE, key="p", title="pinned", created_ms=2)) or 0
    store.write(lambda db: memories.edit(db, pinned, {"pinned": True}, now_ms=6))
    store.write(from_host)

    with store.read() as db:
        assert [memory.title for memory in memories.page(db, wanted, limit=9)] == titles


def test_projects_and_hosts_are_listed_once(store: Store) -> None:
    """The names come sorted, and memories without one do not count."""
    for project in ("b", "a", "b", ""):
        add(store, replace(NOTE, key=f"{project}{id(project)}"), project=project)

    with store.read() as db:
        assert sessions.projects(db) == ["a", "b"]
        assert sessions.hosts(db) == []
