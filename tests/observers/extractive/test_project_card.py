"""The project card."""

from __future__ import annotations

from small_sessions import FAILED, PASSED, asked, committed, ran, turns_of

from codemem_observers.extractive.project_card import CONCEPT, TITLE, project_card


def test_card_lists_what_worked_one_line_a_purpose() -> None:
    """Checks, builds and hooks that succeeded stand on the card; what failed does not."""
    card = project_card(
        turns_of(
            asked("Check it"),
            ran("pytest -q", PASSED),
            ran("npm test", error=FAILED),
            ran("cd web && bun run build", "ok"),
            ran("uv sync"),
        )
    )

    assert card is not None
    assert (card.title, card.concepts[0]) == (TITLE, CONCEPT)
    assert card.body == (
        "Tests: `pytest -q`",
        "Build: `bun run build` (in `web`)",
        "Install: `uv sync`",
    )


def test_commit_hook_is_known_by_what_it_checked() -> None:
    """A commit that ran tests tells of the hook."""
    commit = committed("Fix it")

    card = project_card(
        turns_of(asked("Commit"), ran(commit.command or "", f"{PASSED}\n{commit.output}"))
    )

    assert card is not None
    assert card.body == ("Commit hook: checks tests",)


def test_no_card_without_a_check() -> None:
    """Commands whose success nothing shows make no card."""
    turns = turns_of(asked("Look"), ran("ls"), ran("ruff check . | grep a.py"), ran("bun run dev"))

    assert project_card(turns) is None
