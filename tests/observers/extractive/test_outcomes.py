"""How work ended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_sessions import asked, committed, edited, judged, ran, said, turns_of

from codemem_core.records.evidence import Boundary, ToolCall
from codemem_observers.extractive.open_items import open_items
from codemem_observers.extractive.turns import Outcome

EDIT = edited("export.py", "", "ROOT_ONLY = True")


def test_work_that_stands_is_done() -> None:
    """An edit that nothing took back, with final words, is done."""
    (turn,) = turns_of(asked("Filter the roots"), EDIT, said("The export filters the roots."))

    assert turn.outcome is Outcome.DONE


@pytest.mark.parametrize(
    "undo",
    [
        ran("git checkout -- export.py"),
        ran("git restore export.py"),
        ran("git reset --hard"),
        edited("export.py", "ROOT_ONLY = True", ""),
    ],
)
def test_what_was_taken_back_is_reverted(undo: object) -> None:
    """Git and the inverse edit both take work back, and the names that came with it."""
    items = (asked("Filter the roots"), EDIT, asked("take it out again"), undo, said("Gone."))

    turns, withdrawn = judged(*items)  # type: ignore[arg-type]

    assert turns[0].outcome is Outcome.REVERTED
    assert turns[0].changes == []
    assert withdrawn.covers("The export filters with ROOT_ONLY.", seq=1)
    assert not withdrawn.covers("ROOT_ONLY was reverted.", seq=1)


def test_user_who_reverted_by_hand_is_believed() -> None:
    """No command shows it, the user says it."""
    turns = turns_of(
        asked("Filter the roots"), EDIT, asked("I've reverted your changes, only skip the rest")
    )

    assert turns[0].outcome is Outcome.REVERTED


def test_committed_work_outlives_a_checkout() -> None:
    """`git checkout -- file` restores what was committed."""
    (turn,) = turns_of(
        asked("Filter the roots"),
        EDIT,
        committed("Filter"),
        ran("git checkout -- export.py"),
        said("OK"),
    )

    assert turn.outcome is Outcome.DONE


@pytest.mark.parametrize(
    "undo",
    [
        "git revert --no-edit 1a2b3c4",
        "git reset --soft HEAD~1",
        "git commit --amend -m 'Filter roots'",
    ],
)
def test_commit_taken_back_is_withdrawn(undo: str) -> None:
    """A reverted or reset commit is no longer the project's."""
    _, withdrawn = judged(asked("Filter"), EDIT, committed("Filter"), ran(undo))

    assert [commit.hash for commit in withdrawn.commits] == ["1a2b3c4"]


def test_refused_and_interrupted_work_is_not_done() -> None:
    """The user said no to the last step, or broke it off."""
    (refused,) = turns_of(asked("Fix it"), edited("a.py", "a", "b", error="no", refused=True))
    (broken,) = turns_of(asked("Fix it"), ran("make"), Boundary(kind="stop", interrupted=True))

    assert (refused.outcome, broken.outcome) == (Outcome.REFUSED, Outcome.INTERRUPTED)


def test_turn_without_an_end_is_open() -> None:
    """The session stops before anything was answered."""
    (turn,) = turns_of(asked("Fix the lease"), ran("ls"))

    assert turn.outcome is Outcome.OPEN


def test_file_that_is_as_before_tells_nothing() -> None:
    """A file whose edits cancel out in the end was not changed, whoever made the last one."""
    turns = turns_of(
        asked("Add the table"),
        edited("schema.ts", "", "create table approvals"),
        said("The schema creates the table."),
        asked("why twice? the migration does it"),
        edited("schema.ts", "create table approvals", ""),
        said("You're right, the schema is as it was."),
    )

    assert [turn.changes for turn in turns] == [[], []]
    assert turns[0].disputed


def test_plan_outside_the_project_is_no_work() -> None:
    """A file the agent wrote elsewhere is a draft; what it plans is open when the user declines."""
    plan = edited("x.md", "", "# Relax the owner check")
    plan = replace(plan, files_changed=("/home/u/.claude/plans/x.md",))
    refused = ToolCall(kind="ask", name="ExitPlanMode", error="no", refused=True)

    (turn,) = turns_of(asked("Go on with the mount"), plan, refused)

    assert (turn.changes, turn.outcome) == ([], Outcome.REFUSED)
    assert open_items([turn]) == [
        "Not carried out, the user declined: Go on with the mount: Relax the owner check."
    ]
