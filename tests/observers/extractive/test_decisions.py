"""Decisions and corrections."""

from __future__ import annotations

from dataclasses import replace

from small_sessions import asked, edited, observed, said, titles_of

from codemem_core.records.evidence import Answer, ToolCall


def test_correction_holds_before_and_after() -> None:
    """What the agent chose and what the user said against it are one memory."""
    observations, _ = observed(
        asked("Speed up the build"),
        edited("build.py", "jobs = 1", "jobs = 8"),
        said("I decided to run eight jobs rather than one."),
        asked("No, use two jobs instead, the CI machine has two cores"),
        edited("build.py", "jobs = 8", "jobs = 2"),
        said("The build now runs two jobs in `build.py`."),
    )

    (decision,) = [one for one in observations if one["type"] == "decision"]
    assert decision["title"] == (
        "User correction: No, use two jobs instead, the CI machine has two cores"
    )
    assert decision["narrative"] == (
        "Decided to run eight jobs rather than one. Then the user said: “No, use two jobs instead, "
        "the CI machine has two cores.”."
    )


def test_answer_of_the_user_is_a_decision_with_its_question() -> None:
    """A choice says what it was about; a bare yes decides nothing that can be looked up."""
    titles = titles_of(
        asked("Cache the rates"),
        Answer(question="Where should the rates be cached?", text="In PostgreSQL, not Redis"),
        Answer(question="Is that right?", text="Yes"),
        said("Understood."),
    )

    assert titles == ["User chose “In PostgreSQL, not Redis” for: Where should the rates be cached"]


def test_reason_the_user_gives_is_kept() -> None:
    """A request that explains is knowledge, in the user's words."""
    titles = titles_of(
        asked("Queue the uploads. Uploads must never block the page because phones drop them."),
        said("OK."),
    )

    assert titles == ["User: Uploads must never block the page because phones drop them"]


def test_chosen_alternative_is_the_title_with_what_it_was_chosen_over() -> None:
    """A decision names its object, the rejected one and the reason."""
    observations, _ = observed(
        asked("Cache the rates"),
        edited("rates.py", "x = 1", "x = 2"),
        said("The rates live in memory. I chose a dict rather than Redis because they fit."),
    )

    (decision,) = [one for one in observations if one["type"] == "decision"]
    assert decision["title"] == "Chose a dict rather than Redis because they fit"


def test_declined_plan_is_remembered_as_declined() -> None:
    """What the agent had planned and why is knowledge; that it was not done is part of it."""
    plan = edited("x.md", "", "# Plan: Random keys\n\n## Context\n\nDerived keys cannot be shared.")
    draft = replace(plan, files_changed=("/home/u/.claude/plans/x.md",))
    refused = ToolCall(kind="ask", name="ExitPlanMode", error="no", refused=True)

    (claim,) = observed(asked("Plan the switch to random keys"), draft, refused)[0]

    assert claim["title"] == "Declined by the user: Random keys"
    assert claim["narrative"] == (
        "The plan was not carried out. It said: Derived keys cannot be shared."
    )
