"""Why things are as they are: decisions, corrections by the user, and what a plan explained."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codemem_core.records.memory import Observation
from codemem_observers.extractive.naming import outcome, title_of
from codemem_observers.extractive.prose import MAX_TITLE, Statement, clip, end_sentence
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.words import (
    CAUSE,
    CHOICE,
    DECISION,
    RULE,
    says_something,
    without_pleasantry,
)
from codemem_observers.extractive.work import MAX_FACT

MAX_BACKGROUND = 10

_WHY_SECTION = re.compile(
    r"context|background|problem|motivation|why|root cause|overview|rationale|symptom|"
    r"analysis|current",
    re.I,
)
_HOW_TO_CHECK = re.compile(
    r"verif|test plan|testing|checklist|files? to|files? modif|implementation order", re.I
)
_CODE = re.compile(r"`[^`]+`|\b[\w-]+/[\w./-]+\.\w+\b")


def observe_reasons(turn: Turn) -> Iterator[Observation]:
    """Yield a plan's background, the user's correction and the decisions of a turn."""
    if turn.request.background and (plan := _background(turn)):
        yield plan
    if turn.request.corrects:
        yield _correction(turn)
    if decision := _decision(turn):
        yield decision


def _background(turn: Turn) -> Observation | None:
    """Return what a long prompt explains, beyond what to do."""
    body = [s for s in turn.request.background if says_something(s.text)]
    why = [s for s in body if _WHY_SECTION.search(s.section) and not s.is_item][:4]
    ranked = sorted((s for s in body if s not in why), key=_weight, reverse=True)
    chosen = {id(s) for s in ranked[:MAX_BACKGROUND] if _weight(s) >= 3}
    kept = [s for s in body if id(s) in chosen]
    if not why and len(kept) < 2:
        return None
    title = clip(f"Background: {turn.request.title}", MAX_TITLE)
    decided = any(DECISION.search(s.text) for s in kept)
    reasons = " ".join(end_sentence(clip(s.text)) for s in why) or end_sentence(kept[0].full)
    return Observation(
        kind="decision" if decided else "discovery",
        title=title,
        narrative=f"The user's request explains: {reasons}",
        facts=tuple(end_sentence(clip(s.full, MAX_FACT)) for s in kept or why),
        concepts=("why-it-exists", "how-it-works", *(("trade-off",) if decided else ())),
        evidence=tuple(turn.prompt_seqs[:1]),
    )


def _decision_title(text: str) -> str:
    text = re.sub(r"^(?:decision|decided|choice)\s*:\s*", "", without_pleasantry(text), flags=re.I)
    return clip(text[:1].upper() + text[1:].rstrip("."), MAX_TITLE)


def _weight(statement: Statement) -> int:
    text = f"{statement.lead} {statement.text}"
    signals = sum(bool(words.search(text)) for words in (CAUSE, RULE, DECISION))
    if not signals or _HOW_TO_CHECK.search(statement.section):
        return 0
    return 2 * signals + min(2, len(_CODE.findall(text))) + (len(text) > 60)


def _correction(turn: Turn) -> Observation:
    said = clip(turn.request.text, 240)
    after = f"After work on “{turn.corrects}” the user said" if turn.corrects else "The user said"
    return Observation(
        kind="decision",
        title=clip(f"User: {turn.request.title}", MAX_TITLE),
        narrative=f"{after}: “{said}”.",
        facts=(f"The user said: “{said}”.",),
        concepts=("trade-off",),
        evidence=tuple(turn.prompt_seqs[:1]),
    )


def _decision(turn: Turn) -> Observation | None:
    """Return what the user chose and what the assistant said it decided, with the reasons given."""
    said = [s for s in outcome(turn) if CHOICE.search(s.text)][:6]
    chosen = [f"The user chose — {answer}" for answer, _ in turn.answers[:4]]
    texts = [end_sentence(clip(text, MAX_FACT)) for text in (*chosen, *(s.full for s in said))]
    if not texts:
        return None
    return Observation(
        kind="decision",
        title=_decision_title(chosen[0] if chosen else said[0].text),
        narrative=f"Stated while working on “{title_of(turn)}”: {' '.join(texts[:4])}",
        facts=tuple(texts),
        concepts=("trade-off", "why-it-exists"),
        evidence=tuple(sorted({*(s.seq for s in said), *(seq for _, seq in turn.answers[:4])})),
    )
