"""One card a project, kept up to date line by line."""

from __future__ import annotations

from codemem_core.store import memories
from tests.core.distil.test_reconcile import Found, found

__all__ = ["found"]

CARD = {"kind": "discovery", "concepts": ("project-card",)}
TITLE = "How to check, build and run this project"


def test_a_second_card_updates_the_first(found: Found) -> None:
    """The newer line of a label holds, other lines stay, and both sessions count."""
    card = found("a", TITLE, day=1, body="Tests: `pytest`\nLint: `ruff check`", **CARD)

    assert found("b", TITLE, day=2, body="Tests: `pytest -q`\nBuild: `make`", **CARD) is None

    memory = found.memory(card)
    assert memory.body.splitlines() == ["Tests: `pytest -q`", "Lint: `ruff check`", "Build: `make`"]
    assert memory.support == 2


def test_an_older_card_does_not_take_lines_back(found: Found) -> None:
    """History may be imported late: it only adds what is missing."""
    card = found("a", TITLE, day=9, body="Tests: `tox`", **CARD)
    found("b", TITLE, day=1, body="Tests: `nose`\nLint: `pylint`", **CARD)

    assert found.memory(card).body.splitlines() == ["Tests: `tox`", "Lint: `pylint`"]


def test_projects_have_cards_of_their_own(found: Found) -> None:
    """The tests of one are not those of another."""
    found("a", TITLE, body="Tests: `tox`", project="one", **CARD)
    found("b", TITLE, body="Tests: `tox`", project="two", **CARD)

    with found.store.read() as db:
        assert len(memories.recent(db, limit=9)) == 2


def test_labels_in_one_line_are_lines_of_their_own(found: Found) -> None:
    """Each gives way to a newer one of its name."""
    card = found("a", TITLE, day=1, body="Build: `make`. Tests: `pytest`.", **CARD)
    found("b", TITLE, day=2, body="Tests: `pytest -q`.", **CARD)

    assert found.memory(card).body.splitlines() == ["Build: `make`.", "Tests: `pytest -q`."]
