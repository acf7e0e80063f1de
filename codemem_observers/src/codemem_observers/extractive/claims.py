"""Claims: single statements worth remembering, each with the sentences that carry it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemem_core.api import Observation
from codemem_observers.extractive.lexicon import lexicon_of
from codemem_observers.extractive.markdown import Statement, topic_of
from codemem_observers.extractive.phrasing import paragraph, size
from codemem_observers.extractive.titles import title_of, without_opening
from codemem_observers.extractive.weight import decides, weight

MAX_BODY = 70
"""Words of a claim's body."""
MAX_WORTH = 7.5
MIN_BODY = 8
"""Words after which another list begins another claim."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement worth remembering."""

    title: str
    body: tuple[str, ...]
    """Whole sentences: the statement itself where the title shortens it, reasons, proof."""
    kind: str
    worth: float
    """Decides which claims are kept when there are too many."""
    evidence: tuple[int, ...]
    concepts: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()

    def observation(self) -> Observation:
        """Return the claim as observers report it."""
        return Observation(
            kind=self.kind,
            title=self.title,
            narrative=paragraph(list(self.body)) or paragraph([self.title]),
            facts=self.facts,
            concepts=self.concepts,
            files_read=self.files_read,
            files_modified=self.files_modified,
            evidence=tuple(sorted(seq for seq in set(self.evidence) if seq >= 0)),
        )

    def words(self) -> set[str]:
        """Return its words, to see whether another claim says the same."""
        text = " ".join((self.title, *self.body))
        known = lexicon_of(text)
        if not known.spaced:
            return {text[at : at + 2] for at in range(len(text) - 1)}
        return {w for w in _WORD.findall(text.lower()) if len(w) > 1 and w not in known.common}


def grouped(said: list[Statement], *, limit: int = MAX_BODY) -> Iterator[list[Statement]]:
    """Yield statements that belong together: one section or list, at most `limit` words."""
    group: list[Statement] = []
    used = 0
    for statement in said:
        length = size(statement.text)
        if group and (used + length > limit or _begins(statement, group, used)):
            yield group
            group, used = [], 0
        group.append(statement)
        used += length
    if group:
        yield group


def _begins(statement: Statement, group: list[Statement], used: int) -> bool:
    """Say whether a statement opens a new group: another section, or another list."""
    before = group[-1]
    if (statement.seq, statement.section) != (before.seq, before.section):
        return True
    if not before.is_item:
        return False
    return not statement.is_item or (statement.lead != before.lead and used >= MIN_BODY)


def claim_of(group: list[Statement], *, kind: str) -> Claim | None:
    """Return what a group of statements claims, titled by its weightiest; None when it is talk."""
    told = [s for s in group if weight(s) >= 1 or (s.text.endswith(":") and s is group[0])]
    ranked = sorted(told, key=weight, reverse=True)
    chosen = next(((s, title) for s in ranked if (title := title_of(s))), None)
    if chosen is None:
        return None
    key, title = chosen
    if kind == "discovery" and is_proposed(key):
        title = f"Proposed: {title}"
    rest = sum(weight(s) for s in told if s is not key)
    is_decision = decides(key)
    return Claim(
        title=title,
        body=tuple(_body(told, key, title)),
        kind="decision" if is_decision else kind,
        worth=min(MAX_WORTH, weight(key) + rest / 4),
        evidence=tuple({s.seq for s in told}),
        concepts=_concepts(told, is_decision=is_decision),
    )


def is_proposed(statement: Statement) -> bool:
    """Say whether a statement stands under a heading of what might be done."""
    labels = (statement.section, statement.lead)
    return any(statement.words.proposal.search(label) for label in labels if label)


def _body(told: list[Statement], key: Statement, title: str) -> Iterator[str]:
    """Yield the sentences of a claim; the one that is its title only where nothing else is left."""
    topic = topic_of(told[0])
    named = topic and topic.strip("`") not in " ".join((title, *(s.text for s in told)))
    for at, statement in enumerate(told):
        text = without_opening(statement.text, statement.words)
        if statement is key and len(told) > 1 and text.rstrip(".。") == title:
            continue
        is_talk = statement is not key and statement.words.noise.match(statement.text)
        if statement.text.endswith(":") or is_talk:
            continue
        yield f"{topic}: {text}" if at == 0 and named else text


def _concepts(told: list[Statement], *, is_decision: bool) -> tuple[str, ...]:
    found = ["trade-off"] if is_decision else []
    found += ["why-it-exists"] if any(s.words.cause.search(s.text) for s in told) else []
    return tuple(found or ["how-it-works"])


def distinct(claims: list[Claim], *, most: int) -> list[Claim]:
    """Return the claims worth most, in their order, none saying what a worthier one says."""
    kept: list[tuple[Claim, set[str]]] = []
    for claim in sorted(claims, key=lambda c: c.worth, reverse=True):
        words = claim.words()
        told = any(c.title == claim.title or _is_told(words, other) for c, other in kept)
        if len(kept) < most and not told:
            kept.append((claim, words))
    chosen = {id(claim) for claim, _ in kept}
    return [claim for claim in claims if id(claim) in chosen]


def _is_told(words: set[str], worthier: set[str]) -> bool:
    """Say whether a worthier claim says most of a claim, or a claim says all of a worthier one."""
    shared = len(words & worthier)
    return shared >= 0.6 * len(words) or (len(worthier) >= 8 and shared >= 0.85 * len(worthier))
