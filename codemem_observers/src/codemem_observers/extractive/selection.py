"""Which claims of a stretch are worth a memory each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codemem_observers.extractive.claims import Claim, claim_of, distinct, grouped
from codemem_observers.extractive.decisions import decision_claims
from codemem_observers.extractive.lessons import lesson_claims
from codemem_observers.extractive.lexicon import lexicon_of
from codemem_observers.extractive.markdown import Statement
from codemem_observers.extractive.open_items import is_left, is_listed_as_left
from codemem_observers.extractive.outcomes import Withdrawn
from codemem_observers.extractive.project_card import project_card
from codemem_observers.extractive.titles import shortened
from codemem_observers.extractive.turns import Outcome, Turn
from codemem_observers.extractive.weight import (
    EXPLAINS,
    decides,
    explains,
    finds_cause,
    says_something,
    weight,
)
from codemem_observers.extractive.work import work_claims

MAX_CLAIMS = 16
"""Of one stretch; a long session has several."""
LEAST = 2.0
"""Worth of a claim that is kept."""


def claims_of(turns: list[Turn], withdrawn: Withdrawn) -> list[Claim]:
    """Return what is worth remembering of a stretch, in the order it came up."""
    found: list[Claim] = []
    before: Turn | None = None
    for turn in turns:
        found += _of_turn(turn, before, withdrawn)
        before = turn
    found = [claim for claim in found if not _is_overtaken(claim, turns)]
    found += lesson_claims(turns)
    kept = distinct([claim for claim in found if claim.worth >= LEAST], most=MAX_CLAIMS)
    card = project_card(turns)
    return [*kept, card] if card else kept


def _is_overtaken(claim: Claim, turns: list[Turn]) -> bool:
    """Say whether a claim tells what was missing, and a later turn changed the very thing."""
    if claim.kind != "discovery" or not lexicon_of(claim.title).absence.search(claim.title):
        return False
    last = max(claim.evidence, default=-1)
    later = [c for turn in turns for c in turn.changes if max(c.seqs, default=-1) > last]
    told = " ".join((claim.title, *claim.body))
    return any(change.path.rpartition("/")[2] in told for change in later)


def _of_turn(turn: Turn, before: Turn | None, withdrawn: Withdrawn) -> Iterator[Claim]:
    yield from decision_claims(turn, before)
    told = {s.seq for s in turn.said if s.seq in turn.final or finds_cause(s)}
    menus = {s.seq for s in turn.said if s.words.offer.search(s.text)}
    said = [s for s in turn.said if s.seq in told and _holds(s, turn, withdrawn)]
    said = [s for s in said if not (s.row >= 0 and s.seq in menus)]
    if turn.outcome is Outcome.DONE:
        final = [s for s in said if s.seq in turn.final]
        if turn.commits or not turn.disputed:
            yield from work_claims(turn, final, withdrawn)
    kind = "change" if turn.changes or turn.commits else "discovery"
    for group in grouped(said):
        if claim := claim_of(group, kind=_kind_of(group, kind)):
            yield claim
    if turn.outcome is not Outcome.REFUSED and (why := _reasons(turn)):
        yield why


def _kind_of(group: list[Statement], kind: str) -> str:
    return "discovery" if any(explains(s) for s in group) else kind


def _holds(statement: Statement, turn: Turn, withdrawn: Withdrawn) -> bool:
    """Say whether a statement may be told: final words, or an explanation nobody took back."""
    if is_left(statement) or is_listed_as_left(statement):
        return False
    if withdrawn.covers(statement.text, statement.seq):
        return False
    if turn.disputed and not (turn.changes and _is_cause(statement)):
        return False  # what the user objected to; why something was broken stays true
    if statement.seq in turn.final:
        return turn.outcome is not Outcome.REVERTED
    if turn.outcome is not Outcome.DONE:
        return False
    # Between tools: an explanation, with the sentences around it that do not guess.
    guesses = statement.words.hedge.search(statement.text)
    return says_something(statement.text, statement.words) and not guesses


def _is_cause(statement: Statement) -> bool:
    return bool(statement.words.cause.search(statement.text)) and not decides(statement)


def _reasons(turn: Turn) -> Claim | None:
    """Return what a pasted plan explains, as the state before the change."""
    if not turn.request.is_plan:
        return None
    why = [s for s in turn.request.background if _is_reason(s)]
    group = next(grouped(why), [])
    claim = claim_of(group, kind="discovery") if group else None
    if claim is None:
        return None
    when = f"State before “{turn.request.title}”"
    return replace(
        claim,
        title=shortened(f"State before: {claim.title}"),
        body=(f"{when}: {claim.body[0]}", *claim.body[1:]),
        evidence=tuple(turn.prompt_seqs[:1]),
    )


def _is_reason(statement: Statement) -> bool:
    """Say whether a plan's statement tells why, not what to do."""
    headed = statement.words.why_section.search(statement.section)
    return weight(statement) >= (1.5 if headed and not statement.is_item else EXPLAINS + 1)
