"""The work of a turn as claims."""

from __future__ import annotations

from small_sessions import FAILED, PASSED, asked, committed, edited, observed, ran, said, titles_of


def test_commit_states_the_work() -> None:
    """The subject is the title, the prefix the kind; body and hash are in the text."""
    observations, _ = observed(
        asked("Please add vouchers"),
        edited("cart.py", "", "def apply_voucher(cart, code):\n    return cart"),
        committed("feat(cart): add vouchers", body="Vouchers apply before tax."),
        said("Vouchers are in."),
    )

    (feature,) = observations
    assert (feature["type"], feature["title"]) == ("feature", "feat(cart): add vouchers")
    assert feature["narrative"] == "Vouchers apply before tax. Committed as 1a2b3c4."
    assert feature["files_modified"] == ["cart.py"]


def test_failing_test_made_to_pass_is_a_bugfix_with_its_proof() -> None:
    """Tests that fail before the edit and pass after it make a bugfix."""
    observations, _ = observed(
        asked("The cart shows 11 instead of 10, look into it"),
        ran("pytest -q", error=f"Exit code 1\n{FAILED}"),
        edited("cart.py", "total = sum(prices) + 1", "total = sum(prices)"),
        ran("pytest -q", PASSED),
        said("The total no longer counts the rounding cent twice."),
    )

    bugfix = observations[0]
    assert bugfix["type"] == "bugfix"
    assert bugfix["title"] == "The total no longer counts the rounding cent twice"
    assert "5 tests passed" in bugfix["narrative"]
    assert bugfix["facts"] == ["`cart.py`: `total = sum(prices) + 1` → `total = sum(prices)`"]


def test_plan_gives_before_and_after_in_one_memory() -> None:
    """A pasted plan names the work by its heading; its context is told as the state before."""
    plan = (
        "Implement the following plan:\n\n# Plan: Trust flag for the CLI\n\n## Context\n\n"
        "The CLI refuses to start on a server.\n\n## Steps\n\n- Edit the file\n"
    )
    observations, _ = observed(
        asked(plan),
        edited("cli.ts", 'args = ["-p"]', 'args = ["--trust"]'),
        said("The flag is passed."),
    )

    (work,) = observations
    assert work["title"] == "Trust flag for the CLI"
    assert "State before the change: The CLI refuses to start on a server." in work["narrative"]


def test_reverted_commit_is_not_told() -> None:
    """What git took back is no memory."""
    titles = titles_of(
        asked("Filter the roots"),
        edited("a.py", "a", "b"),
        committed("Filter the roots of the export"),
        ran("git revert 1a2b3c4"),
        said("The filter was taken back."),
    )

    assert "Filter the roots of the export" not in titles


def test_failed_check_at_the_end_is_part_of_the_claim() -> None:
    """Work that leaves the lint failing says so; a later success of the command clears it."""
    items = (
        asked("Tidy"),
        edited("a.py", "a", "b"),
        ran("ruff check", "Found 2 errors.", error="1"),
    )
    last = said("The imports of the cart are sorted now.")

    left, _ = observed(*items, last)
    cleared, _ = observed(*items, ran("ruff check", "All checks passed!"), last)

    assert "failing: 2 lint errors (`ruff check`)" in left[0]["narrative"]
    assert "failing" not in cleared[0]["narrative"]


def test_items_of_a_long_message_are_claims_of_their_own() -> None:
    """`address review` names none of the fixes; its list does."""
    body = "1. Reject empty carts at checkout\n2. Round the total once\n3. Log the refused vouchers"
    titles = titles_of(
        asked("Address the review"),
        edited("cart.py", "a", "b"),
        committed("fix: address the review", body=body),
        said("Pushed."),
    )

    assert titles == [
        "fix: address the review",
        "Reject empty carts at checkout",
        "Round the total once",
        "Log the refused vouchers",
    ]
