"""Memories in the store."""

from __future__ import annotations

from dataclasses import replace

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store

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
