"""What is open at the end."""

from __future__ import annotations

import pytest
from small_sessions import FAILED, PASSED, asked, committed, edited, ran, said, turns_of

from codemem_core.records.evidence import Boundary, EvidenceItem
from codemem_observers.extractive.open_items import open_items

EDIT = edited("mailer.py", "send()", "enqueue()")


@pytest.mark.parametrize(
    ("items", "item"),
    [
        (
            (asked("Move it"), EDIT, said("Moved it.\n\nThe retry policy still needs a limit.")),
            "The retry policy still needs a limit.",
        ),
        (
            (asked("Move it"), EDIT, said("Moved it.\n\n## Next steps\n\n- Document the queue")),
            "Document the queue.",
        ),
        (
            (
                asked("Verschieb das, bitte"),
                EDIT,
                said("Die Mails gehen jetzt auch. Nächster Schritt: das Limit fehlt noch."),
            ),
            "Nächster Schritt: das Limit fehlt noch.",
        ),
        (
            (asked("Move it"), EDIT, ran("pytest", error=FAILED), said("The mailer enqueues.")),
            "Still failing: `pytest`: 1 of 5 tests failed.",
        ),
        (
            (asked("Move the mailer"), edited("a.py", "a", "b", error="no", refused=True)),
            "Not carried out, the user declined: Move the mailer.",
        ),
        (
            (asked("Move the mailer"), ran("make"), Boundary(kind="stop", interrupted=True)),
            "Interrupted: Move the mailer.",
        ),
        ((asked("Move the mailer"), ran("ls")), "Not finished: Move the mailer."),
        (
            (asked("Move it"), EDIT, said("The mailer enqueues now. Should I push the branch?")),
            "Waiting for the user: The mailer enqueues now. Should I push the branch?",
        ),
        (
            (
                asked("Move it"),
                EDIT,
                said("Moved it."),
                asked("Write a message but don't commit"),
                said("feat: queue"),
            ),
            "Not committed: `mailer.py`.",
        ),
    ],
)
def test_what_is_left_is_told(items: tuple[EvidenceItem, ...], item: str) -> None:
    """Words, refusals, interruptions, failing checks and waiting questions all leave work open."""
    assert open_items(turns_of(*items)) == [item]


def test_nothing_is_listed_where_nothing_is_open() -> None:
    """Work that is done, checked and committed leaves no next step."""
    turns = turns_of(
        asked("Move it"), EDIT, ran("pytest", PASSED), committed("Queue the mails"), said("Done.")
    )

    assert open_items(turns) == []


def test_later_turn_closes_what_an_earlier_one_left() -> None:
    """What was interrupted and then done is no longer open."""
    turns = turns_of(
        asked("Document the retry policy of the mailer"),
        ran("ls"),
        Boundary(kind="stop", interrupted=True),
        asked("go on with the documentation of the retry policy for the mailer"),
        edited("docs/mailer.md", "", "Retries"),
        said("The retry policy of the mailer is documented."),
    )

    assert open_items(turns) == []


def test_menu_of_a_list_is_not_what_this_session_left() -> None:
    """A table of the project's to-dos that the agent shows is not its own next step."""
    table = "| # | Title |\n|---|---|\n| 1 | Offload encryption |"
    menu = f"Pending todos:\n\n{table}\n\nReply with a number."
    turns = turns_of(asked("/todos"), said(menu), asked("q"), said("OK, the list is closed."))

    assert open_items(turns) == []
