"""Lessons with a difference."""

from __future__ import annotations

from small_sessions import FAILED, PASSED, asked, between, edited, ran, turns_of

from codemem_observers.extractive.lessons import lesson_claims

UNKNOWN = "Exit code 2\nerror: unrecognized subcommand 'bun'"


def test_other_way_to_call_it_is_learnt() -> None:
    """A wrongly called command and its working form become one lesson that rests on just these."""
    (lesson,) = lesson_claims(
        turns_of(
            asked("Run the tests"), ran("rtk bun run test", error=UNKNOWN), ran("bun run test")
        )
    )

    assert lesson.title.startswith("Use `bun run test`, not `rtk bun run test`")
    assert "unrecognized subcommand 'bun'" in lesson.body[0]
    assert lesson.evidence == (1, 2)


def test_command_in_between_is_the_remedy() -> None:
    """When one command of the same program makes the failing one pass, the lesson names it."""
    (lesson,) = lesson_claims(
        turns_of(
            asked("Push it"),
            ran("git push origin main", error="! [rejected] main -> main (fetch first)"),
            ran("git pull --rebase origin main", "Successfully rebased"),
            ran("git push origin main", "main -> main"),
        )
    )

    assert lesson.title == "Run `git pull --rebase origin main` when `git push origin main` fails"


def test_repeat_that_passed_by_itself_teaches_nothing() -> None:
    """No difference, no lesson."""
    turns = turns_of(asked("Test"), ran("pytest -q", error=FAILED), ran("pytest -q", PASSED))

    assert lesson_claims(turns) == []


def test_refused_and_cancelled_calls_teach_nothing() -> None:
    """They never ran, or not to their end."""
    turns = turns_of(
        asked("Run the tests"),
        ran("rtk bun run test", error=UNKNOWN, refused=True),
        ran("rtk bun run test", error=UNKNOWN, interrupted=True),
        ran("bun run test"),
    )

    assert lesson_claims(turns) == []


def test_edit_is_a_remedy_only_where_somebody_says_why() -> None:
    """An edit between failure and success may be the cause or not; its explanation decides."""
    failed = ran("pytest -q", error=FAILED)
    edit = edited("cart.py", "total = sum(prices) + 1", "total = sum(prices)")
    why = between("The total is off because the rounding cent is added twice.")

    silent = lesson_claims(turns_of(asked("Fix"), failed, edit, ran("pytest -q", PASSED)))
    (told,) = lesson_claims(turns_of(asked("Fix"), failed, why, edit, ran("pytest -q", PASSED)))

    assert silent == []
    assert told.title == "The total is off because the rounding cent is added twice"
    assert told.body[0].startswith("`pytest -q` failed: 1 of 5 tests failed")
