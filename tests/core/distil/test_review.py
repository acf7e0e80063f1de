"""Deciding what waits for a person."""

from __future__ import annotations

import pytest

from codemem_core.distil import manual, review
from codemem_core.distil.manual import Correction, Note
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.search import newest
from codemem_core.store import journal, memories, proposals, sessions
from codemem_core.store.engine.store import Store


@pytest.fixture
def held(store: Store) -> int:
    """A memory that waits; its proposal has number 1."""
    new = NewMemory(key="k", kind="note", title="Use it", body="Use it.", origin="agent", held=True)

    def write(db: object) -> int:
        session = sessions.by_hand(db, project="demo", cwd=None, now_ms=1)  # type: ignore[arg-type]
        memory_id = memories.add(db, new, session_id=session, now_ms=1)  # type: ignore[arg-type]
        assert memory_id is not None
        proposals.to_confirm(db, memory_id, reason="an agent wrote it", now_ms=1)  # type: ignore[arg-type]
        return memory_id

    return store.write(write)


def told(store: Store) -> list[str]:
    """Return the titles of what may be injected."""
    with store.read() as db:
        return [hit.title for hit in newest(db, limit=5, trusted=True)]


def waiting(store: Store) -> int:
    """Return how many proposals wait."""
    with store.read() as db:
        return proposals.count(db, now_ms=1)


def test_a_memory_that_is_accepted_is_told(store: Store, held: int) -> None:
    """And waits no more, until somebody takes the decision back."""
    assert review.accept(store, 1, by="cli") == held
    assert (told(store), waiting(store)) == (["Use it"], 0)

    store.write(lambda db: journal.undo(db, journal.newest(db).id, by="cli", now_ms=2))

    assert (told(store), waiting(store)) == ([], 1)


def test_a_memory_that_is_rejected_is_forgotten(store: Store, held: int) -> None:
    """For good: it is found no more."""
    review.reject(store, 1, by="cli")

    with store.read() as db:
        assert not memories.existing(db, held).active
    assert waiting(store) == 0


def test_a_memory_is_accepted_in_other_words(store: Store, held: int) -> None:
    """The person's words are told, not the agent's."""
    review.accept_reworded(store, 1, Correction(title="Use that", body="Use that."), by="cli")

    assert told(store) == ["Use that"]


@pytest.mark.parametrize("accepted", [True, False])
def test_forgetting_is_the_persons_decision(store: Store, accepted: bool) -> None:
    """Accepted, it is forgotten; rejected, it stays."""
    note = Note(kind="note", title="Mine", body="Mine.", origin="user")
    memory_id = manual.remember(store, note, project="demo", cwd=None)
    manual.forget_for_agent(store, memory_id, by="mcp")

    (review.accept if accepted else review.reject)(store, 1, by="cli")

    assert told(store) == ([] if accepted else ["Mine"])


@pytest.mark.parametrize("accepted", [True, False])
def test_a_memory_to_be_written_is_written_when_accepted(store: Store, accepted: bool) -> None:
    """Rejected, it never was."""
    new = NewMemory(key="k", kind="note", title="Again", body="Again.", origin="user")
    session = store.write(lambda db: sessions.by_hand(db, project="demo", cwd=None, now_ms=1))
    store.write(
        lambda db: proposals.to_remember(db, new, session_id=session, reason="again", now_ms=1)
    )

    (review.accept if accepted else review.reject)(store, 1, by="cli")

    assert told(store) == (["Again"] if accepted else [])
