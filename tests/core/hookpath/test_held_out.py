"""Sessions that get nothing on purpose: which, and how many."""

from __future__ import annotations

from uuid import UUID

from codemem_core.hookpath.injected import is_held_out

IDS = [str(UUID(int=number * 0x9E3779B97F4A7C15)) for number in range(2000)]


def test_so_many_of_a_hundred_are_held_out() -> None:
    """Within what chance allows, for ids as hosts make them."""
    share = sum(is_held_out(one, 20) for one in IDS) / len(IDS)

    assert 0.16 < share < 0.24


def test_a_larger_share_keeps_the_smaller_one() -> None:
    """A session that got nothing at 10 % gets nothing at 30 % either."""
    few = {one for one in IDS if is_held_out(one, 10)}

    assert few <= {one for one in IDS if is_held_out(one, 30)}


def test_none_and_all() -> None:
    """0 leaves nobody out, 100 everybody; a session without an id is told."""
    assert not any(is_held_out(one, 0) for one in IDS)
    assert all(is_held_out(one, 100) for one in IDS)
    assert not is_held_out("", 100)
