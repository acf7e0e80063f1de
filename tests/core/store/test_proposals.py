"""What waits for a person's decision."""

from __future__ import annotations

import apsw
import pytest

from codemem_core.errors import NotFound
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.search import newest
from codemem_core.store import memories, proposals, sessions
from codemem_core.store.engine.schema import model
from codemem_core.store.proposals import LAPSES_MS

NOW = 1_800_000_000_000


@pytest.fixture
def db() -> apsw.Connection:
    """An empty current database."""
    return model()


def note(title: str = "Deploy on Fridays", **fields: object) -> NewMemory:
    """Return a memory from outside."""
    known: dict[str, object] = {"origin": "external", "kind": "note", "body": "All of it."}
    return NewMemory(key=title, title=title, **{**known, **fields})  # type: ignore[arg-type]


def stored(db: apsw.Connection, new: NewMemory) -> int:
    """Write a memory and return its id."""
    session = sessions.by_hand(db, project="demo", cwd="/demo", now_ms=NOW)
    memory_id = memories.add(db, new, session_id=session, now_ms=NOW)
    assert memory_id is not None
    return memory_id


def test_a_proposal_is_made_once(db: apsw.Connection) -> None:
    """The same flush again asks nobody twice."""
    memory_id = stored(db, note())

    for _ in range(2):
        proposals.to_confirm(db, memory_id, reason="it gives orders", now_ms=NOW)

    assert [p.memory_id for p in proposals.waiting(db, now_ms=NOW)] == [memory_id]
    assert proposals.count(db, now_ms=NOW, project="demo") == 1
    assert proposals.count(db, now_ms=NOW, project="other") == 0


def test_a_proposal_lapses(db: apsw.Connection) -> None:
    """What nobody decides for a month leaves the list; its id still finds it."""
    memory_id = stored(db, note())
    proposals.to_confirm(db, memory_id, reason="it gives orders", now_ms=NOW)

    assert proposals.count(db, now_ms=NOW + LAPSES_MS + 1) == 0
    assert proposals.get(db, 1).title == "Deploy on Fridays"


def test_a_memory_that_would_be_written_is_kept_whole(db: apsw.Connection) -> None:
    """It is no memory before it is accepted, and comes back with every field."""
    session = sessions.by_hand(db, project="demo", cwd="/demo", now_ms=NOW)
    new = note(facts=("one", "two"), metadata={"source": "observer"})

    proposals.to_remember(db, new, session_id=session, reason="forgotten before", now_ms=NOW)

    (waiting,) = proposals.waiting(db, now_ms=NOW)
    assert (waiting.action, waiting.title, waiting.project) == ("remember", new.title, "demo")
    assert proposals.new_memory(db, waiting.id) == new
    assert not newest(db, limit=5)


def test_what_was_settled_otherwise_waits_no_more(db: apsw.Connection) -> None:
    """A memory that was confirmed on its page, and one that was forgotten, need no decision."""
    confirmed, forgotten = stored(db, note("a")), stored(db, note("b"))
    for memory_id in (confirmed, forgotten):
        proposals.to_confirm(db, memory_id, reason="it gives orders", now_ms=NOW)

    memories.edit(db, confirmed, {"confirmed": True}, now_ms=NOW)
    memories.forget(db, forgotten, now_ms=NOW)

    assert proposals.count(db, now_ms=NOW) == 0


def test_a_decided_proposal_is_closed(db: apsw.Connection) -> None:
    """It is neither listed nor found again."""
    memory_id = stored(db, note())
    proposals.to_forget(db, memory_id, reason="an agent asked", now_ms=NOW)

    proposals.decide(db, 1, accepted=False, now_ms=NOW)

    with pytest.raises(NotFound):
        proposals.get(db, 1)


@pytest.mark.parametrize(
    ("origin", "held", "injected"),
    [
        ("external", None, False),
        ("external", False, True),
        ("import", None, False),
        ("agent", None, True),
        ("agent", True, False),
        ("user", None, True),
    ],
)
def test_held_decides_before_the_origin(
    db: apsw.Connection, origin: str, held: bool | None, injected: bool
) -> None:
    """A memory says itself whether it waits for a person; one that does not goes by its origin."""
    memory_id = stored(db, note(origin=origin, held=held))

    assert bool(newest(db, limit=5, trusted=True)) is injected
    found = memories.get(db, memory_id)
    assert found is not None
    assert found.held is not injected
