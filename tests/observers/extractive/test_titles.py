"""Titles that state."""

from __future__ import annotations

import pytest

from codemem_observers.extractive.markdown import statements
from codemem_observers.extractive.titles import MAX_TITLE, shortened, title_of, titled

LONG = (
    "Export rounds the value added tax once per rate, because rounding each line made the sum of "
    "the lines differ from the total that the validator computes"
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Done. ", ""),
        ("Yes, the limit is per user.", "The limit is per user"),
        ("I've now moved the check into the store.", "Moved the check into the store"),
        ("No data is lost when the server stops.", "No data is lost when the server stops"),
        ("This ensures that nothing is lost.", ""),
        ("Should I commit the change?", ""),
        ("`src/queue/lease.py` — Leases expire.", "`lease.py`: Leases expire"),
        ("`src/queue/lease.py`", ""),
        ("Die Sperre läuft nach einer Minute ab.", "Die Sperre läuft nach einer Minute ab"),
    ],
)
def test_title_is_the_statement_or_nothing(text: str, title: str) -> None:
    """Greetings go, what needs the sentence before or asks is no title, a file is its topic."""
    assert titled(text) == title


def test_long_statement_ends_at_a_clause() -> None:
    """A title is never cut in the middle, nor with an ellipsis."""
    assert shortened(LONG) == "Export rounds the value added tax once per rate"


@pytest.mark.parametrize("length", range(20, 160, 7))
def test_shortened_title_leaves_nothing_open(length: int) -> None:
    """Whatever is cut, brackets, quotations and code spans are closed and the limit holds."""
    text = ("word " * length).strip() + ' ("quoted `code` here" and (more'

    title = shortened(text)

    assert len(title) <= MAX_TITLE
    assert title.count("`") % 2 == title.count('"') % 2 == 0
    assert title.count("(") == title.count(")")


def test_item_of_a_list_takes_its_topic_along() -> None:
    """An item that does not name its subject stands under its lead."""
    (item,) = [s for s in statements("**Retry policy:**\n- Waits at most 30 s") if s.is_item]

    assert title_of(item) == "Retry policy: Waits at most 30 s"
