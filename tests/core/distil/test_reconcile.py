"""What becomes of a memory that was just found."""

from __future__ import annotations

import pytest

from codemem_core.distil.reconcile import settle
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.retrieval import duplicates
from codemem_core.retrieval.search import search
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

DAY_MS = 86_400_000


class Found:
    """Settles memories, each of a session of its own unless one is named."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, key: str, title: str, *, day: int = 1, **more: object) -> int | None:
        """Settle one that happened on a day; `session` and `project` name where."""
        session, project = str(more.pop("session", key)), more.pop("project", "demo")
        assert isinstance(project, str | None)
        fields = {"kind": "decision", "body": "", "origin": "user", **more}
        new = NewMemory(key=key, title=title, created_ms=day * DAY_MS, **fields)  # type: ignore[arg-type]

        def write(db: object) -> int | None:
            at = sessions.of_stream(
                db,  # type: ignore[arg-type]
                ("claude", session),
                project=project,
                cwd=None,
                started_ms=0,
            )
            return settle(db, new, session_id=at, now_ms=99 * DAY_MS)  # type: ignore[arg-type]

        return self.store.write(write)

    def memory(self, memory_id: int | None) -> Memory:
        """Return a memory as it is now."""
        assert memory_id is not None
        with self.store.read() as db:
            memory = memories.get(db, memory_id)
        assert memory is not None
        return memory


@pytest.fixture
def found(store: Store) -> Found:
    """Settle memories in an empty store."""
    return Found(store)


def test_the_same_again_is_counted_and_not_written(found: Found) -> None:
    """It says how many sessions found it out, when last, and which."""
    first = found("a", "Fix VAT rounding", day=1)

    assert found("b", "Fixed the rounding of VAT", day=5) is None
    memory = found.memory(first)
    assert (memory.support, memory.seen_ms) == (2, 5 * DAY_MS)
    with found.store.read() as db:
        assert [one.at_ms for one in duplicates.of_memory(db, memory.id)] == [5 * DAY_MS]
        assert len(memories.recent(db, limit=9)) == 1


def test_a_session_counts_once_and_a_key_too(found: Found) -> None:
    """Replaying a batch changes nothing, and nobody lifts a memory by repeating it."""
    first = found("a", "Fix VAT rounding")
    for key in ("b", "b", "c"):
        found(key, "Fix VAT rounding", session="s2")

    assert found.memory(first).support == 2
    assert found("a", "Something else entirely") is None


def test_a_newer_value_outdates_the_older(found: Found) -> None:
    """Both stay; the older one says by what, and search prefers the newer."""
    old = found("a", "Request timeout is 30 s", day=1)
    new = found("b", "Request timeout is 60 s", day=2)

    assert found.memory(old).outdated_by == new
    assert found.memory(old).active
    with found.store.read() as db:
        hits = search(db, "request timeout 30 s", limit=8)
    assert [hit.id for hit in hits] == [new, old]
    assert hits[1].parts["outdated"] < 0


def test_a_value_that_comes_back_is_news(found: Found) -> None:
    """It is not counted with the memory that was taken back, but takes back in its turn."""
    found("a", "Request timeout is 30 s", day=1)
    middle = found("b", "Request timeout is 60 s", day=2)
    last = found("c", "Request timeout is 30 s", day=3)

    assert found.memory(middle).outdated_by == last
    assert found.memory(last).outdated_by is None


def test_history_that_comes_late_is_outdated_at_once(found: Found) -> None:
    """What happened decides, not what was imported last."""
    new = found("a", "Request timeout is 60 s", day=9)
    old = found("b", "Request timeout is 30 s", day=1)

    assert found.memory(old).outdated_by == new
    assert found.memory(new).outdated_by is None


def test_what_is_forgotten_outdates_nothing(found: Found) -> None:
    """A person who takes the newer one back has the older one back."""
    old = found("a", "Request timeout is 30 s", day=1)
    new = found("b", "Request timeout is 60 s", day=2)
    found.store.write(lambda db: memories.forget(db, new or 0, now_ms=0))

    with found.store.read() as db:
        (hit,) = search(db, "request timeout", limit=8)
    assert (hit.id, hit.outdated_by) == (old, None)


def test_what_is_less_trusted_takes_nothing_back(found: Found) -> None:
    """A web page neither outdates a user's decision nor hides behind one."""
    trusted = found("a", "Request timeout is 30 s", day=1)
    page = found("b", "Request timeout is 60 s", day=2, origin="external")
    again = found("c", "Request timeout is 60 s", day=3, origin="user")

    assert found.memory(page).outdated_by is None or found.memory(page).outdated_by == again
    assert again is not None
    assert found.memory(trusted).outdated_by == again


def test_what_a_person_confirmed_stays(found: Found) -> None:
    """Their word counts more than what an observer reads out of a session."""
    old = found("a", "Request timeout is 30 s", day=1)
    found.store.write(lambda db: memories.edit(db, old or 0, {"confirmed": True}, now_ms=0))
    found("b", "Request timeout is 60 s", day=2)

    assert found.memory(old).outdated_by is None


def test_projects_stay_apart_and_kinds_do_not(found: Found) -> None:
    """The same words in another project are another fact; a kind is only how it is filed."""
    assert found("a", "Fix VAT rounding", project="demo")
    assert found("b", "Fix VAT rounding", project="shop")
    assert found("c", "Fix VAT rounding", project=None)
    assert found("d", "Fix VAT rounding", kind="bugfix") is None


def test_deleting_a_memory_deletes_what_was_counted(found: Found) -> None:
    """Undoing an import leaves nothing that refers to it."""
    first = found("a", "Request timeout is 30 s", day=1)
    found("b", "Request timeout is 30 s", day=2)
    new = found("c", "Request timeout is 60 s", day=3)
    found.store.write(lambda db: db.execute("DELETE FROM memories WHERE id = ?", (new,)).get)

    with found.store.read() as db:
        assert [hit.outdated_by for hit in search(db, "timeout", limit=8)] == [None]
    found.store.write(lambda db: db.execute("DELETE FROM memories WHERE id = ?", (first,)).get)
    with found.store.read() as db:
        assert duplicates.of_memory(db, first or 0) == []


def test_an_observer_may_name_what_a_memory_supersedes(found: Found) -> None:
    """No word has to be shared; another project's memory is left alone."""
    old, other = found("a", "Sessions live in Redis"), found("b", "Use Redis", project="shop")
    assert old and other

    new = found("c", "Logins are stateless tokens", day=2, supersedes=(old, other))

    assert found.memory(old).outdated_by == new
    assert found.memory(other).outdated_by is None
