"""The feed of committed changes, and the clock that dates them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codemem_core.distil import manual
from codemem_core.store import changes, journal, memories
from codemem_core.store.engine.store import Store

Remember = Callable[..., int]


@pytest.fixture
def followed(store: Store) -> Store:
    """Have a follower."""
    store.write(lambda db: changes.follow(db, "mirror"))
    return store


def told(store: Store) -> list[tuple[str, tuple[str, ...]]]:
    """Return the actions and fields that wait."""
    with store.read() as db:
        return [(each.action, each.fields) for each in changes.pending(db, "mirror", limit=50)]


def test_each_change_of_a_memory_is_told_in_order(followed: Store, remember: Remember) -> None:
    """Whoever makes it: here a person, who also takes one back."""
    memory = remember("Retries stop after five attempts")
    manual.change(followed, memory, {"title": "Retries stop after six", "pinned": True}, by="cli")
    manual.forget(followed, memory, by="cli")
    with followed.read() as db:
        entry = journal.newest(db).id
    followed.write(lambda db: journal.undo(db, entry, by="cli", now_ms=1))

    assert told(followed) == [
        ("added", ()),
        ("edited", ("title", "pinned")),
        ("forgotten", ()),
        ("restored", ()),
    ]


def test_a_change_that_is_rolled_back_is_not_told(followed: Store, remember: Remember) -> None:
    """The feed is written by the transaction of the change."""
    memory = remember("Dates are stored in UTC")

    def fail(db: object) -> None:
        memories.forget(db, memory, now_ms=1)  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        followed.write(fail)

    assert told(followed) == [("added", ())]


def test_nothing_is_kept_while_nobody_follows(store: Store, remember: Remember) -> None:
    """Who has no plugin that follows pays nothing."""
    remember("Dates are stored in UTC")

    with store.read() as db:
        assert db.execute("SELECT count(*) FROM changes").get == 0


def test_what_all_have_taken_is_deleted(followed: Store, remember: Remember) -> None:
    """And is not offered again."""
    followed.write(lambda db: changes.follow(db, "slow"))
    remember("Dates are stored in UTC")
    with followed.read() as db:
        [change] = changes.pending(db, "mirror", limit=9)

    followed.write(lambda db: changes.taken(db, "mirror", change.seq))
    with followed.read() as db:
        for_slow = changes.pending(db, "slow", limit=9)
    followed.write(lambda db: changes.unfollow(db, "slow"))

    with followed.read() as db:
        assert (for_slow, told(followed)) == ([change], [])
        assert db.execute("SELECT count(*) FROM changes").get == 0


def test_changes_of_another_machine_are_marked(followed: Store, remember: Remember) -> None:
    """Only those of the block: a transaction of this machine is its own again."""
    memory = remember("Dates are stored in UTC")

    def arrive(db: object) -> None:
        with changes.made_by(db, "team"):  # type: ignore[arg-type]
            memories.edit(db, memory, {"title": "Dates are UTC"}, now_ms=1)  # type: ignore[arg-type]

    followed.write(arrive)
    manual.forget(followed, memory, by="cli")

    with followed.read() as db:
        found = changes.pending(db, "mirror", limit=9)
    assert [each.origin for each in found] == ["", "team", ""]


def test_the_clock_never_goes_back_and_passes_what_it_has_seen(
    followed: Store, remember: Remember
) -> None:
    """A change made after another machine's was read is the later one, by whatever clock."""
    first = followed.write(changes.tick)
    theirs = first + (3_600_000 << changes.COUNTER_BITS)  # an hour ahead

    followed.write(lambda db: changes.seen(db, theirs))
    remember("Dates are stored in UTC")

    with followed.read() as db:
        [change] = changes.pending(db, "mirror", limit=9)
    assert change.hlc == theirs + 1


def test_a_broken_clock_does_not_break_this_one(store: Store) -> None:
    """What lies years ahead moves it by two days at most."""
    first = store.write(changes.tick)

    store.write(lambda db: changes.seen(db, first * 2))

    ahead_ms = changes.at_ms(store.write(changes.tick)) - changes.at_ms(first)
    assert ahead_ms < 3 * 86_400_000
