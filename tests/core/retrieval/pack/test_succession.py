"""Whether a later text says anew what an earlier one says."""

from __future__ import annotations

import pytest

from codemem_core.retrieval.pack.succession import changes

EARLIER = "The route planner reads its map key from MAPS_KEY."


@pytest.mark.parametrize(
    "later",
    [
        "The route planner takes the map key from the vault.",
        "MAPS_KEY collides with another variable. Rename ours to GEO_TOKEN.",
        "The planner does not read MAPS_KEY.",
    ],
)
def test_a_later_text_on_the_same_thing_says_it_anew(later: str) -> None:
    """Shared words, or fewer beside a word of change or a denial."""
    assert changes(later, EARLIER)


@pytest.mark.parametrize(
    "later",
    ["The planner shows three routes.", "Rename the invoice table.", "The log has no time zone."],
)
def test_a_text_on_something_else_changes_nothing(later: str) -> None:
    """A word of change alone is about something else."""
    assert not changes(later, EARLIER)


def test_a_hyphenated_word_counts_once() -> None:
    """`type-ahead` and `geocoder` are two words in common."""
    earlier = "The geocoder is Photon, for speed in type-ahead."

    assert not changes("The type-ahead waits before it asks the geocoder.", earlier)


def test_what_says_a_claim_anew_speaks_of_it() -> None:
    """A third of the claim's words at least."""
    later = "The map key now has another owner."

    assert changes(later, EARLIER)
    assert not changes(later, EARLIER, claim="Route planner caches tiles on disk in one folder")
