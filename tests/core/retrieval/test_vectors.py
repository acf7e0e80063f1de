"""Vectors beside their memories, and the nearest of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import apsw
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.retrieval import vectors
from codemem_core.retrieval.search import search
from codemem_core.retrieval.vectors import VectorIndex
from codemem_core.store import journal, memories, moves
from codemem_core.store.engine.store import Store
from codemem_core.store.moves import Move
from codemem_core.store.stats import stats

Remember = Callable[..., int]
MODEL = "small@1"


def unit(seed: int, dimension: int = 64) -> list[float]:
    """Return a direction of its own for each seed."""
    draw = random.Random(seed)
    vector = [draw.gauss(0, 1) for _ in range(dimension)]
    length = math.hypot(*vector)
    return [value / length for value in vector]


def give(store: Store, found: dict[int, list[float]], model: str = MODEL) -> int:
    """Write vectors as the worker does."""
    return store.write(lambda db: vectors.add(db, model, found))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400))
def test_any_vector_fits_into_bytes(vector: list[float]) -> None:
    """One signed byte a dimension, zero vectors too."""
    assert len(vectors.pack(vector)) == len(vector)


def test_the_nearest_is_found(store: Store, db: apsw.Connection, remember: Remember) -> None:
    """Of many, by bits and then exactly; at most 200 are told."""
    ids = [remember(f"memory {n}") for n in range(300)]
    give(store, {one: unit(one) for one in ids})
    asked = [0.9 * a + 0.1 * b for a, b in zip(unit(ids[7]), unit(ids[8]), strict=True)]

    near = VectorIndex(MODEL).nearest(db, asked)

    assert max(near, key=lambda one: near[one]) == ids[7]
    assert len(near) == vectors.RESCORED


def test_what_all_have_in_common_counts_less(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """A memory that resembles every other is not near because of that."""
    ids = [remember(f"memory {n}") for n in range(60)]
    common = unit(1)
    mixed = {one: [a + b for a, b in zip(common, unit(one + 10), strict=True)] for one in ids}
    give(store, {**mixed, ids[0]: common})
    asked = [1.2 * a + b for a, b in zip(common, unit(ids[5] + 10), strict=True)]

    near = VectorIndex(MODEL).nearest(db, asked)

    best = sorted(near, key=lambda one: -near[one])
    assert best[0] == ids[5]
    assert best[1] != ids[0]


def test_new_and_forgotten_memories_are_noticed(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """The index is read once and kept up to date."""
    first = remember("one")
    give(store, {first: unit(1)})
    index = VectorIndex(MODEL)
    index.nearest(db, unit(1))
    second = remember("two")
    give(store, {second: unit(2)})
    store.write(lambda db: memories.forget(db, first, now_ms=1))

    assert set(index.nearest(db, unit(1))) == {second}


def test_a_project_has_its_own_nearest(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """Others do not take its places."""
    mine = remember("mine", project="demo")
    others = [remember("theirs", project="other") for _ in range(250)]
    give(store, {mine: unit(1), **{one: unit(2) for one in others}})

    assert set(VectorIndex(MODEL).nearest(db, unit(2), project="demo")) == {mine}


def test_a_memory_is_near_in_the_project_it_moved_to(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """An index that read it before sees the move, and that it was taken back."""
    moved = remember("it", project="old")
    give(store, {moved: unit(1)})
    index = VectorIndex(MODEL)

    def near() -> dict[str, set[int]]:
        return {name: set(index.nearest(db, unit(1), project=name)) for name in ("old", "new")}

    def move(db: apsw.Connection) -> None:
        with journal.recorded(db, "move", by="cli", now_ms=1):
            moves.carry_out(db, Move(old="old", new="new"), now_ms=1)

    before = near()
    store.write(move)
    after = near()
    store.write(lambda db: journal.undo(db, journal.newest(db).id, by="cli", now_ms=2))

    assert (before, after) == ({"old": {moved}, "new": set()}, {"old": set(), "new": {moved}})
    assert near() == before


def test_vectors_go_with_their_memory(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """Forgotten, deleted or rewritten: what it meant is gone, and missing again if it is there."""
    forgotten, deleted, rewritten = (remember(f"memory {n}") for n in range(3))
    give(store, {one: unit(one) for one in (forgotten, deleted, rewritten)})

    store.write(lambda db: memories.forget(db, forgotten, now_ms=1))
    store.write(lambda db: db.execute("DELETE FROM memories WHERE id = ?", (deleted,)) and None)
    store.write(
        lambda db: db.execute("UPDATE memories SET body = 'x' WHERE id = ?", (rewritten,)) and None
    )

    assert db.execute("SELECT count(*) FROM vectors").get == 0
    assert [one for one, _ in vectors.missing(db, MODEL, limit=9)] == [rewritten]


def test_vectors_of_another_model_are_not_mixed(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """A new model starts from nothing; the old vectors can be dropped."""
    one = remember("one")
    give(store, {one: unit(1)}, model="old@1")

    assert VectorIndex(MODEL).nearest(db, unit(1)) == {}
    assert vectors.count_missing(db, MODEL) == 1
    assert store.write(lambda db: vectors.drop_others(db, MODEL)) == 1


def test_a_vector_of_another_length_is_ignored(
    store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """A server may change its model under the same name."""
    give(store, {remember("one"): unit(1, 32)})

    assert VectorIndex(MODEL).nearest(db, unit(1, 64)) == {}


def test_a_memory_without_a_common_word_is_found(db: apsw.Connection, remember: Remember) -> None:
    """Meaning adds to words, and a score stays between 0 and 1."""
    words = remember("The lease of a stream")
    meaning = remember("Who may flush")
    remember("Something else")

    found = search(db, "lease", limit=8, meaning={meaning: 0.8, words: 0.75})

    assert {hit.id for hit in found} == {words, meaning}
    assert all(0 < hit.score <= 1 for hit in found)
    assert all("meaning" in hit.parts for hit in found)


def test_filters_hold_for_what_the_embedder_finds(db: apsw.Connection, remember: Remember) -> None:
    """Another project's memory does not come in through its meaning."""
    mine = remember("lease", project="demo")
    theirs = remember("who may flush", project="other")

    found = search(db, "lease", limit=8, project="demo", meaning={mine: 0.7, theirs: 0.9})

    assert [hit.id for hit in found] == [mine]


def test_stats_count_vectors(store: Store, remember: Remember) -> None:
    """`vector_coverage` says how many memories can be found by meaning."""
    remember("Lease held")
    give(store, {remember("Lease lost"): unit(1)})

    with store.read() as db:
        database = stats(db)["database"]

    assert (database["vector_rows"], database["vector_coverage"]) == (1, 0.5)
