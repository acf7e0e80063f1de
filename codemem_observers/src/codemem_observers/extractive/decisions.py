"""Decisions: what the user chose or corrected, with what it was chosen over."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import Answer
from codemem_observers.extractive.claims import Claim
from codemem_observers.extractive.lexicon import lexicon_of
from codemem_observers.extractive.markdown import Statement, sentences, statements
from codemem_observers.extractive.phrasing import within
from codemem_observers.extractive.titles import (
    MAX_TITLE,
    shortened,
    telling,
    without_greeting,
    without_opening,
)
from codemem_observers.extractive.turns import Outcome, Turn
from codemem_observers.extractive.weight import decides, weight

ANSWER_WORTH = 4.5
CORRECTION_WORTH = 5.0
DECLINED_WORTH = 5.0
STATED_WORTH = 3.5
MIN_STATED = 5
"""Telling words of a sentence that explains."""
MAX_STATED = 6
"""Sentences of a request that a person types."""
MIN_ANSWER = 2
"""Telling words; `Yes` and `Option 1` decide nothing that can be looked up."""


def decision_claims(turn: Turn, before: Turn | None) -> Iterator[Claim]:
    """Yield what the user decided in a turn: by objecting, explaining, answering, declining."""
    if correction := corrected(turn, before):
        yield correction
    elif explained := stated(turn):
        yield explained
    yield from answered(turn)
    if plan := declined(turn):
        yield plan


def answered(turn: Turn) -> Iterator[Claim]:
    """Yield what the user chose when the agent asked, as far as it names a thing."""
    for answer in turn.answers:
        words = lexicon_of(f"{answer.question} {answer.text}")
        if not answer.question or telling(answer.text, words) < MIN_ANSWER:
            continue
        if words.procedural.search(answer.question):
            continue
        question = answer.question.rstrip(" ?:？：")  # noqa: RUF001 - full width
        yield Claim(
            title=_answer_title(answer, question),
            body=(f"Asked “{question}?”, the user chose “{answer.text}”",),
            kind="decision",
            worth=ANSWER_WORTH,
            evidence=(answer.seq,),
            concepts=("trade-off",),
        )


def corrected(turn: Turn, before: Turn | None) -> Claim | None:
    """Return what the user objected to in the turn before, or None when it names no thing."""
    request = turn.request
    if not request.corrects or before is None:
        return None
    told = _objection(turn)
    if not told:
        return None
    chosen = _chosen(before)
    body = [without_opening(chosen)] if chosen else []
    after_what = "Then" if chosen else f"After “{before.request.title}”"
    body.append(f"{after_what} the user said: “{within(sentences(request.text), 40)}”")
    if before.outcome is Outcome.REVERTED:
        body.append("The changes made before were taken back")
    return Claim(
        title=shortened(f"User correction: {told}"),
        body=tuple(body),
        kind="decision",
        worth=CORRECTION_WORTH,
        evidence=tuple(turn.prompt_seqs[:1]),
        concepts=("trade-off", "correction"),
    )


def declined(turn: Turn) -> Claim | None:
    """Return the plan that the user turned down, as what it is, with its reasons."""
    draft = turn.drafts[-1] if turn.drafts else None
    if turn.broken_off is not Outcome.REFUSED or draft is None or not turn.draft_title:
        return None
    said = [s for s in statements("\n".join(draft.added)) if not s.is_item]
    why = [s for s in said if s.words.why_section.search(s.section)] or said
    return Claim(
        title=shortened(f"Declined by the user: {turn.draft_title}"),
        body=(f"The plan was not carried out. It said: {within([s.text for s in why], 50)}",),
        kind="decision",
        worth=DECLINED_WORTH,
        evidence=(*draft.seqs, turn.refused),
        concepts=("trade-off",),
    )


def stated(turn: Turn) -> Claim | None:
    """Return what the user explained or ruled in a request of a few sentences."""
    if turn.request.is_plan or turn.request.corrects or len(turn.request.sentences) > MAX_STATED:
        return None  # a plan, an objection, a pasted log
    said = [s for s in turn.request.sentences[1:] if _is_stated(s)]  # the first asks
    best = max(said, key=weight, default=None)
    if best is None:
        return None
    return Claim(
        title=shortened(f"User: {best.text.rstrip('.')}"),
        body=(f"The user said: “{within(_from(best, turn.request.sentences), 50)}”",),
        kind="decision",
        worth=STATED_WORTH,
        evidence=tuple(turn.prompt_seqs[:1]),
        concepts=("trade-off",),
    )


def _from(best: Statement, said: tuple[Statement, ...]) -> list[str]:
    """Return the sentences from the one that counts on, then those before it."""
    at = said.index(best)
    return [s.text for s in (*said[at:], *said[:at])]


def _is_stated(statement: Statement) -> bool:
    """Say whether a sentence of the user gives a reason, a choice or a rule, and asks nothing."""
    text, words = statement.text, statement.words
    if text.endswith(("?", "？")) or telling(text, words) < MIN_STATED:  # noqa: RUF001
        return False
    given = (words.cause, words.decision, words.rule)
    forbids = words.correction.match(without_greeting(text, words))
    return bool(forbids) or any(pattern.search(text) for pattern in given)


def _answer_title(answer: Answer, question: str) -> str:
    """Return the choice with what it was about."""
    title = f"User chose “{answer.text}” for: {question}"
    return title if len(title) <= MAX_TITLE else shortened(f"User chose: {answer.text}")


def _chosen(turn: Turn) -> str:
    """Return what the agent had decided before the user objected."""
    return next((s.text for s in reversed(turn.said) if decides(s)), "")


def _objection(turn: Turn) -> str:
    """Return the sentence of a prompt that objects, with enough words to be looked for."""
    words = turn.spoken
    for sentence in sentences(turn.request.text):
        objects = words.correction.match(sentence) or words.correction_anywhere.search(sentence)
        if objects and telling(sentence, words) >= 4 and not sentence.endswith("?"):
            return sentence.rstrip(".")
    return ""
