"""What people write and correct."""

from __future__ import annotations

import pytest

from codemem_core.distil.manual import Correction, Note, change, corrected, remember
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import Memory
from codemem_core.retrieval.search import search
from codemem_core.store import journal, memories
from codemem_core.store.engine.store import Store

NOTE = Note(
    kind="note", title="Where the lock is", body="In fooBarLock", origin="user", tags=("t",)
)


@pytest.fixture
def memory_id(store: Store) -> int:
    """Write a note."""
    return remember(store, NOTE, project="demo", cwd=None)


def correct(store: Store, memory_id: int, correction: Correction) -> Memory:
    """Rewrite a memory; return it as it was."""
    return change(store, memory_id, corrected(correction), by="viewer")


def test_a_correction_can_be_undone_with_what_it_returns(store: Store, memory_id: int) -> None:
    """Correcting with the old text gives the old memory back, its tags included."""
    with store.read() as db:
        first = memories.get(db, memory_id)

    old = correct(store, memory_id, Correction(title="Else", body="In bazQux"))
    correct(store, memory_id, Correction(title=old.title, body=old.body, facts=old.facts))

    with store.read() as db:
        again = memories.get(db, memory_id)
    assert first is not None
    assert again is not None
    assert (again.title, again.body, again.tags) == (first.title, first.body, first.tags)


def test_what_was_corrected_is_not_found_any_more(store: Store, memory_id: int) -> None:
    """The parts of identifiers leave the index with the text, the given tags stay."""
    correct(store, memory_id, Correction(title="Else", body="In bazQux"))

    with store.read() as db:
        assert not search(db, "lock", limit=5)
        assert [hit.id for hit in search(db, "qux", limit=5)] == [memory_id]
        memory = memories.get(db, memory_id)
    assert memory is not None
    assert "t" in memory.tags


def test_secrets_are_left_out_of_a_correction(store: Store, memory_id: int) -> None:
    """As they are out of everything else."""
    key = "ghp_" + "a1B2c3D4e5" * 4
    correct(store, memory_id, Correction(title="Key", body=f"use {key}", facts=[key]))

    with store.read() as db:
        assert key not in str(memories.get(db, memory_id))


def test_a_correction_needs_text_and_a_memory(store: Store, memory_id: int) -> None:
    """Nothing is written otherwise."""
    with pytest.raises(InputError):
        correct(store, memory_id, Correction(title=" ", body="x"))
    with pytest.raises(NotFound):
        correct(store, memory_id + 1, Correction(title="x", body="x"))


def test_a_note_that_takes_an_older_one_back_can_be_undone(store: Store) -> None:
    """The older one says by what it is outdated, until the note is taken back."""

    def note(title: str) -> int:
        written = Note(kind="decision", title=title, body=title, origin="user")
        return remember(store, written, project="demo", cwd=None)

    old, new = note("Request timeout is 30 s"), note("Request timeout is 60 s")

    with store.read() as db:
        assert memories.existing(db, old).outdated_by == new
    store.write(lambda db: journal.undo(db, journal.newest(db).id, by="cli", now_ms=1))
    with store.read() as db:
        assert memories.existing(db, old).outdated_by is None
        assert memories.get(db, new) is None
