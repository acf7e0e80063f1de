"""What is not worth its place goes, after it was shown, and can be had back."""

from __future__ import annotations

from typing import Any

import apsw
import pytest

from codemem_cli.upkeep import near_duplicates, prune
from codemem_cli.upkeep.size import size
from codemem_core.records.memory import NewMemory
from codemem_core.store import journal, memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.repair import vacuum

NOW_MS = 1_790_000_000_000
LONG = "the parser keeps a cache of every header it has seen because reading them is slow " * 3


def add(store: Store, title: str, body: str, *, project: str = "app", **fields: Any) -> int:
    """Write a memory and return its id."""
    flags = {name: fields.pop(name) for name in ("pinned", "confirmed") if name in fields}

    def write(db: apsw.Connection) -> int:
        session = sessions.by_hand(db, project=project, cwd=None, now_ms=1)
        wanted = {"kind": "change", "origin": "tool_repo", "created_ms": NOW_MS} | fields
        new = NewMemory(
            key=f"{title}|{body}|{project}|{len(fields)}{session}", title=title, body=body, **wanted
        )
        number = memories.add(db, new, session_id=session, now_ms=NOW_MS)
        assert number is not None
        memories.edit(db, number, flags, now_ms=NOW_MS)
        return number

    return store.write(write)


def active(store: Store) -> set[int]:
    """Return the ids of memories that are not forgotten."""
    with store.read() as db:
        return {memory.id for memory in memories.recent(db, limit=100)}


def test_what_says_nothing_is_found(store: Store) -> None:
    """A stock phrase as title or text; not what a person pinned or vouched for."""
    empty = add(store, "Looked around", "No code changes were made.")
    add(store, "Fixed the parser", "It kept stale headers.")
    add(store, "Pinned", "No code changes were made.", pinned=True)
    add(store, "Vouched for", "No code changes were made.", confirmed=True)
    add(store, "Another kind", "No code changes were made.", kind="decision")

    assert [found.id for found in prune.low_signal(store, ("change",))] == [empty]


def test_what_is_old_is_found(store: Store) -> None:
    """By when it happened, of one project, at most so many."""
    old = [add(store, f"old {n}", "b", created_ms=n + 1) for n in range(3)]
    add(store, "new", "b")
    add(store, "elsewhere", "b", project="other", created_ms=1)
    found = prune.outdated(store, ("change",), before_ms=NOW_MS, project="app", limit=2)

    assert [memory.id for memory in found] == old[:2]


def test_pruning_can_be_undone(store: Store) -> None:
    """It is in the journal like every change of people."""
    number = add(store, "a", "No changes were made.")
    found = prune.low_signal(store, ("change",))

    def change(db: apsw.Connection) -> int:
        with journal.recorded(db, "prune", by="cli", now_ms=NOW_MS):
            return prune.forget(db, found, now_ms=NOW_MS)

    assert store.write(change) == 1
    assert active(store) == set()
    store.write(lambda db: journal.undo(db, journal.newest(db).id, by="cli", now_ms=NOW_MS))
    assert active(store) == {number}


def test_what_is_said_twice_is_found_and_the_better_one_stays(store: Store) -> None:
    """The more trusted, then the longer, then the newer."""
    short = add(store, "Cache", LONG, origin="external")
    better = add(store, "Cache", LONG + "indeed", origin="user")
    add(store, "Cache", LONG, project="other")
    add(store, "Something else", "entirely different words about another thing at all")
    [pair] = near_duplicates.pairs(store)

    assert (pair.kept.id, pair.dropped.id) == (better, short)
    assert pair.alike > 0.9


def test_what_a_person_keeps_is_never_dropped(store: Store) -> None:
    """Two pinned ones both stay; an unpinned one goes for a pinned one."""
    add(store, "Cache", LONG, pinned=True, origin="external")
    add(store, "Cache", LONG, pinned=True)
    worse = add(store, "Cache", LONG, origin="user")

    assert [pair.dropped.id for pair in near_duplicates.pairs(store)] == [worse]


def test_a_chain_of_like_memories_keeps_one(store: Store) -> None:
    """Many copies: all but one go, and what they were merged into stays."""
    copies = [add(store, "Cache", LONG, created_ms=NOW_MS + n) for n in range(8)]
    found = near_duplicates.pairs(store)
    store.write(lambda db: near_duplicates.merge(db, found, now_ms=NOW_MS))

    assert active(store) == {copies[-1]}
    with store.read() as db:
        forgotten = memories.get(db, copies[0])
    assert forgotten is not None
    assert forgotten.metadata["merged_into"] == copies[-1]


def test_what_stays_takes_over_the_files(store: Store) -> None:
    """Or a question about a file would not find it any more."""
    add(store, "Cache", LONG, files_modified=("a.py", "b.py"))
    kept = add(store, "Cache", LONG, files_modified=("b.py", "c.py"), origin="user")
    found = near_duplicates.pairs(store)
    store.write(lambda db: near_duplicates.merge(db, found, now_ms=NOW_MS))

    with store.read() as db:
        memory = memories.get(db, kept)
    assert memory is not None
    assert sorted(memory.files_modified) == ["a.py", "b.py", "c.py"]


@pytest.mark.parametrize("text", ["", "one", "日本語のメモ"])
def test_short_texts_are_compared_too(store: Store, text: str) -> None:
    """Without a single pair of words in them."""
    add(store, text, "")
    add(store, text, "")

    assert len(near_duplicates.pairs(store)) == 1


def test_the_size_says_what_takes_the_room(store: Store) -> None:
    """And vacuum gives back what was deleted."""
    for n in range(300):
        add(store, f"memory {n}", f"{LONG} {n}" * 3)
    store.write(lambda db: db.execute("DELETE FROM memories WHERE id > 10"))
    with store.read() as db:
        before = size(db, limit=50)
    store.close()
    done = vacuum.vacuum(store.path)
    with Store.open(store.path) as again, again.read() as db:
        after = size(db, limit=3)

    assert before.free_bytes > 100_000
    assert after.free_bytes == 0
    assert done.after < done.before
    assert {part.name: part.rows for part in before.parts}["memories"] == 10
    assert len(after.parts) == 3
