"""What people changed can be taken back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codemem_core.errors import ChangedSince, NotFound
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval import vectors
from codemem_core.retrieval.search import search
from codemem_core.store import journal, memories, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import index_in_step

NOTE = NewMemory(key="k", kind="note", title="A title", body="A body", origin="user")
Change = Callable[[apsw.Connection], Any]


def fill(db: apsw.Connection, count: int = 5, *, key: str = "k") -> None:
    """Write memories into a session of their own."""
    session = sessions.by_hand(db, project="shop", cwd=None, now_ms=1)
    for n in range(count):
        new = replace(NOTE, key=f"{key}{n}", title=f"title{n} of {key}")
        memories.add(db, new, session_id=session, now_ms=1)


def do(store: Store, change: Change, *, label: str = "a change", now_ms: int = 10) -> int | None:
    """Run a recorded change and return its number."""

    def write(db: apsw.Connection) -> int | None:
        with journal.recorded(db, label, by="cli", now_ms=now_ms) as recording:
            change(db)
        return recording.entry

    return store.write(write)


@contextmanager
def adding(db: apsw.Connection, label: str) -> Iterator[journal.Recording]:
    """Record an import."""
    with (
        journal.recorded(db, label, by="cli", now_ms=10) as recording,
        recording.additions(),
    ):
        yield recording


def undo(store: Store, number: int | None, *, now_ms: int = 20) -> journal.JournalEntry:
    """Take a change back."""
    assert number is not None
    return store.write(lambda db: journal.undo(db, number, by="cli", now_ms=now_ms))


def edit(memory_id: int, **changes: Any) -> Change:
    """Make a change of a memory."""
    return lambda db: memories.edit(db, memory_id, changes, now_ms=10)


def dump(store: Store) -> list[tuple[Any, ...]]:
    """Return all that people see, but not when it was changed last."""
    columns = (
        "id, key, session_id, title, body, facts, tags, words, pinned, confirmed, active,"
        " deleted_ms, project, created_ms"
    )
    with store.read() as db:
        found = rows(db, f"SELECT {columns} FROM memories ORDER BY id")
        return found + rows(db, "SELECT id, project, started_ms FROM sessions ORDER BY id")


def in_step(store: Store) -> bool:
    """Say whether the search index says what the memories say."""
    return store.write(index_in_step)


def test_an_edit_is_taken_back_with_its_words_in_the_index(store: Store) -> None:
    """The old text is found again, the new one is not, and the time says that something changed."""
    store.write(fill)
    number = do(store, edit(2, title="zebra", facts=["giraffe"]))

    entry = undo(store, number, now_ms=33)

    assert (entry.label, entry.who, entry.at_ms) == ("a change", "cli", 10)
    with store.read() as db:
        assert [hit.id for hit in search(db, "title1", limit=9)] == [2]
        assert search(db, "zebra giraffe", limit=9) == []
        memory = memories.get(db, 2)
    assert memory is not None
    assert (memory.title, memory.facts, memory.updated_ms) == ("title1 of k", (), 33)
    assert in_step(store)


def test_an_undo_can_be_undone(store: Store) -> None:
    """It is an entry like any other; the list says which ones are in force."""
    store.write(fill)
    before = dump(store)
    first = do(store, edit(2, title="zebra"))
    after = dump(store)

    undo(store, first)
    assert dump(store) == before
    with store.read() as db:
        second = journal.entries(db)[0]
    undo(store, second.id)

    assert dump(store) == after
    with store.read() as db:
        listed = [(entry.label, entry.undone) for entry in journal.entries(db)]
    assert listed == [
        ("undo 2: undo 1: a change", False),
        ("undo 1: a change", True),
        ("a change", False),
    ]


def test_a_vector_goes_when_its_text_is_put_back(store: Store) -> None:
    """It says what the newer text meant; the embedder makes another one."""
    store.write(fill)
    number = do(store, edit(2, title="zebra"))
    store.write(lambda db: vectors.add(db, "m", {1: [1.0], 2: [1.0]}))

    undo(store, number)

    with store.read() as db:
        assert [memory for memory, _ in vectors.missing(db, "m", limit=9)] == [5, 4, 3, 2]


def test_a_memory_that_was_added_goes_with_its_vectors(store: Store) -> None:
    """Nothing is left that points to it."""
    number = do(store, lambda db: fill(db, 1))
    store.write(lambda db: vectors.add(db, "m", {1: [1.0]}))

    undo(store, number)

    assert dump(store) == []
    with store.read() as db:
        assert rows(db, "SELECT * FROM vectors") == rows(db, "PRAGMA foreign_key_check") == []


def test_what_was_changed_since_is_not_overwritten(store: Store) -> None:
    """One sentence says what stands in the way, and which change to take back first."""
    store.write(fill)
    first = do(store, edit(2, title="zebra"), label="edit memory 2")
    second = do(store, edit(2, title="giraffe"))
    before = dump(store)

    with pytest.raises(ChangedSince, match="cannot undo `edit memory 2`: memory 2 was") as caught:
        undo(store, first)

    assert caught.value.hint == f"`codemem undo {second}` takes that back"
    assert dump(store) == before


def test_another_column_of_the_same_memory_does_not_stand_in_the_way(store: Store) -> None:
    """A memory pinned since keeps its pin when the edit before it is taken back."""
    store.write(fill)
    number = do(store, edit(2, title="zebra"))
    do(store, lambda db: memories.edit(db, 2, {"pinned": True}, now_ms=15))

    undo(store, number)

    with store.read() as db:
        memory = memories.get(db, 2)
    assert memory is not None
    assert (memory.title, memory.pinned) == ("title1 of k", True)


def test_what_is_deleted_since_is_named(store: Store) -> None:
    """A change that nobody recorded is noticed as well."""
    store.write(fill)
    number = do(store, edit(2, title="zebra"))
    store.write(lambda db: db.execute("DELETE FROM memories WHERE id = 2"))

    with pytest.raises(ChangedSince, match="memory 2 is deleted"):
        undo(store, number)


def test_a_key_that_came_back_is_named(store: Store) -> None:
    """What was deleted and written again is not written twice."""
    store.write(fill)
    number = do(store, lambda db: db.execute("DELETE FROM memories WHERE id = 2"))
    again = replace(NOTE, key="k1")
    store.write(lambda db: memories.add(db, again, session_id=1, now_ms=30))

    with pytest.raises(ChangedSince, match="memory 2 is there again"):
        undo(store, number)


def test_a_session_in_use_since_is_not_taken_away(store: Store) -> None:
    """The foreign keys are checked when everything is put back."""
    number = do(store, lambda db: fill(db, 0))
    store.write(lambda db: memories.add(db, NOTE, session_id=1, now_ms=30))

    with pytest.raises(ChangedSince, match="other things belong to what it added"):
        undo(store, number)


def test_nothing_is_undone_twice(store: Store) -> None:
    """The second time says that it is done."""
    store.write(fill)
    number = do(store, edit(2, title="zebra"))
    undo(store, number)

    with pytest.raises(ChangedSince, match="undone already"):
        undo(store, number)
    with store.read() as db, pytest.raises(NotFound, match="nothing to undo"):
        journal.newest(db)
    with pytest.raises(NotFound, match="no such change: `77`"):
        undo(store, 77)


def test_a_change_of_nothing_leaves_no_entry(store: Store) -> None:
    """Neither does one that fails."""
    store.write(fill)

    def fail(db: apsw.Connection) -> None:
        edit(2, title="zebra")(db)
        raise NotFound("stop")

    with pytest.raises(NotFound):
        do(store, fail)
    assert do(store, lambda db: memories.forget(db, 99, now_ms=10)) is None
    with store.read() as db:
        assert journal.entries(db) == []


def test_an_import_is_taken_back_by_its_ids(store: Store) -> None:
    """The memories and sessions it added go; the journal holds none of their text."""
    store.write(fill)
    before = dump(store)

    def bring(db: apsw.Connection) -> int | None:
        with adding(db, "import 400") as recording:
            fill(db, 400, key="imported")
        return recording.entry

    number = store.write(bring)
    with store.read() as db:
        assert rows(db, "SELECT size FROM journal") == [(0,)]
    undo(store, number)

    assert dump(store) == before
    assert in_step(store)
    with pytest.raises(ChangedSince, match="what is deleted stays so") as caught:
        undo(store, 2)
    assert caught.value.hint == "import it again"


def test_what_was_added_and_what_was_changed_go_together(store: Store) -> None:
    """An import that also changes what is there is one entry, and one undo takes it back."""
    store.write(fill)
    before = dump(store)

    def bring(db: apsw.Connection) -> int | None:
        with journal.recorded(db, "import", by="cli", now_ms=10) as recording:
            with recording.additions():
                fill(db, 400, key="imported")
            memories.forget(db, 2, now_ms=10)
        return recording.entry

    undo(store, store.write(bring), now_ms=0)

    assert dump(store) == before
    assert in_step(store)
    with store.read() as db:
        assert [entry.undoes for entry in journal.entries(db)] == [1, None]


def test_an_import_is_kept_when_somebody_worked_on_it(store: Store) -> None:
    """An edit made since would be lost with the memory."""

    def bring(db: apsw.Connection) -> int | None:
        with adding(db, "import") as recording:
            fill(db)
        return recording.entry

    number = store.write(bring)
    store.write(lambda db: memories.edit(db, 3, {"pinned": True}, now_ms=11))

    with pytest.raises(ChangedSince, match="cannot undo `import`: memory 3 was changed since"):
        undo(store, number)


def test_a_change_larger_than_a_value_may_be_is_kept_in_stretches(store: Store) -> None:
    """Our connections refuse values of more than 16 MB."""
    body = "b" * 4_000_000

    def large(db: apsw.Connection) -> None:
        for n in range(1, 6):
            memories.edit(db, n, {"body": "short"}, now_ms=10)

    store.write(fill)
    for n in range(1, 6):
        store.write(lambda db, n=n: memories.edit(db, n, {"body": body}, now_ms=5))
    before = dump(store)

    undo(store, do(store, large))

    assert dump(store) == before


def test_old_entries_go_when_a_new_one_comes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is bounded by age and by bytes; the newest is always kept."""
    store.write(fill)
    do(store, edit(1, title="old"), now_ms=10)
    do(store, edit(2, title="young"), now_ms=journal.KEPT_MS)
    do(store, edit(3, title="younger"), now_ms=journal.KEPT_MS + 11)
    with store.read() as db:
        assert [entry.id for entry in journal.entries(db)] == [3, 2]

    monkeypatch.setattr(journal, "KEPT_BYTES", 100)
    do(store, edit(4, body="b" * 200), now_ms=journal.KEPT_MS + 12)

    with store.read() as db:
        assert [entry.id for entry in journal.entries(db)] == [4]
        assert len(rows(db, "SELECT * FROM journal_changes")) == 1


def test_a_cleared_journal_holds_no_text(store: Store, database: str) -> None:
    """Whoever purges a secret can prove it by a search for its bytes."""
    store.write(fill)
    secret = "a-secret-nobody-shall-find"
    do(store, edit(1, body=secret))
    do(store, edit(1, body="nothing"))

    store.write(journal.clear)

    store.close()
    with open(database, "rb") as file:
        assert secret.encode() not in file.read()
    assert not os.path.exists(f"{database}-wal")


# --- any change, in any order --------------------------------------------------------------------

ids = st.integers(1, 6)
words = st.sampled_from(["alpha", "beta gamma", "fooBar_baz", "ünï"])


def _delete(db: apsw.Connection, memory_id: int, _: str) -> None:
    db.execute("DELETE FROM memories WHERE id = ?", (memory_id,))


def _rename(db: apsw.Connection, _: int, word: str) -> None:
    for table in ("sessions", "memories"):
        db.execute(f"UPDATE {table} SET project = ?", (word,))


CHANGES: tuple[Callable[[apsw.Connection, int, str], object], ...] = (
    lambda db, n, word: memories.edit(db, n, {"title": word}, now_ms=10),
    lambda db, n, word: memories.edit(db, n, {"facts": [word], "tags": [word]}, now_ms=10),
    lambda db, n, word: memories.edit(db, n, {"pinned": len(word) > 4}, now_ms=10),
    lambda db, n, _: memories.forget(db, n, now_ms=10),
    lambda db, n, _: memories.restore(db, n, now_ms=10),
    lambda db, n, word: fill(db, 2, key=f"{word}{n}"),
    _delete,
    _rename,
)
steps = st.lists(st.tuples(st.sampled_from(CHANGES), ids, words), max_size=8)


@settings(max_examples=40, deadline=None)
@given(steps, st.lists(st.integers(1, 20), max_size=6))
def test_undoing_everything_brings_everything_back(
    made: list[tuple[Callable[[apsw.Connection, int, str], object], int, str]], early: list[int]
) -> None:
    """Whatever was changed, and however some of it was taken back before, in any order."""
    with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/m.sqlite") as store:
        store.write(fill)
        before = dump(store)
        for change, n, word in made:
            do(store, lambda db, change=change, n=n, word=word: change(db, n, word))
            assert in_step(store)
        for number in early:
            at = dump(store)
            try:
                undo(store, number)
            except (ChangedSince, NotFound):
                assert dump(store) == at
            assert in_step(store)

        with store.read() as db:
            numbers = [entry.id for entry in journal.entries(db)]
        for number in numbers:
            undo(store, number)

        assert dump(store) == before
        assert in_step(store)
