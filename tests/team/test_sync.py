"""Memories travel between homes over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from team.homes import Home

from codemem_core.distil import manual
from codemem_core.store import memories

HomeMaker = Callable[..., Home]


def test_a_memory_made_in_one_home_is_found_in_the_other(make_home: HomeMaker) -> None:
    """As a teammate's: it waits for a confirmation before it is injected."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Exports round VAT once per rate")

    alice.sync()
    bob.sync()

    with bob.store.read() as db:
        [memory] = memories.recent(db, limit=10)
    assert memory.title == "Exports round VAT once per rate"
    assert (memory.origin, memory.held, memory.project) == ("teammate", True, "api")


def test_nothing_is_shared_before_somebody_says_so(make_home: HomeMaker) -> None:
    """A memory of a project that is not shared stays where it is."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share("api")
    alice.remember("The salary table moved", project="private")

    alice.sync()
    bob.sync()

    assert bob.titles() == []


def test_an_edit_and_a_forgetting_follow(make_home: HomeMaker) -> None:
    """What its author changes or forgets changes everywhere."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    kept = alice.remember("Retries stop after five attempts")
    gone = alice.remember("The staging database is on port 6432")
    alice.sync()
    bob.sync()

    manual.change(alice.store, kept, {"title": "Retries stop after six attempts"}, by="cli")
    manual.forget(alice.store, gone, by="cli")
    alice.sync()
    bob.sync()

    assert bob.titles() == ["Retries stop after six attempts"]


def test_what_is_received_is_not_sent_back(make_home: HomeMaker) -> None:
    """A round after the first moves nothing."""
    alice, bob = make_home("alice"), make_home("bob")
    for home in (alice, bob):
        home.share()
    alice.remember("Dates are stored in UTC")
    alice.sync()
    bob.sync()

    moved = [bob.sync(), alice.sync()]

    assert [(each.pushed, each.pulled) for each in moved] == [(0, 0), (0, 0)]
