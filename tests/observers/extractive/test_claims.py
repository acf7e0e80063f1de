"""Claims of statements."""

from __future__ import annotations

from codemem_observers.extractive.claims import Claim, claim_of, distinct, grouped
from codemem_observers.extractive.markdown import statements


def claim(title: str, *, worth: float = 3.0) -> Claim:
    """Make a claim of one sentence."""
    return Claim(title=title, body=(), kind="discovery", worth=worth, evidence=(1,))


def test_sections_and_lists_are_claims_of_their_own() -> None:
    """Statements of one section or list belong together."""
    text = (
        "## Lease\n\nIt expires. A beat renews it.\n\n"
        "## Spool\n\n`a.py`:\n- drains the files in order\n"
        "- keeps the last one until it is read\n\n`b.py`:\n- counts them"
    )

    groups = [[s.text for s in group] for group in grouped(statements(text))]

    assert groups == [
        ["It expires.", "A beat renews it."],
        ["`a.py`:", "drains the files in order", "keeps the last one until it is read"],
        ["`b.py`:", "counts them"],
    ]


def test_weightiest_statement_is_the_title_and_the_rest_the_body() -> None:
    """The title is the statement itself; the body does not repeat it."""
    group = statements("The retry queue stalls. It stalls because a lease never ends.")

    found = claim_of(group, kind="discovery")

    assert found is not None
    assert found.title == "The retry queue stalls"
    assert found.body == ("It stalls because a lease never ends.",)


def test_talk_makes_no_claim() -> None:
    """A group without a statement is nothing."""
    assert claim_of(statements("Great! Let me check."), kind="discovery") is None


def test_proposal_is_called_one() -> None:
    """What stands under a plan was not done."""
    group = statements("## Proposed fix\n\nRelax the owner check of the mount.")

    found = claim_of(group, kind="discovery")

    assert found is not None
    assert found.title == "Proposed: Relax the owner check of the mount"


def test_worthier_of_two_alike_is_kept() -> None:
    """The same statement twice is one claim, and only so many are kept."""
    one = claim("The lease of the worker expires after a minute")
    same = claim("The lease of the worker expires after one minute", worth=5.0)
    other = claim("Exports name the project of each session", worth=1.0)

    assert distinct([one, same, other], most=5) == [same, other]
    assert distinct([one, same, other], most=1) == [same]
