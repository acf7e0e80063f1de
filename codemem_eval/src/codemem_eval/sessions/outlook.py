"""What a session goes on to find, change, break and be told: what memory could have said before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from codemem_core.records.evidence import Answer, EvidenceItem, Prompt, ToolCall
from codemem_eval.sessions.recording import Session, Turn
from codemem_eval.sessions.terms import name_of, said, shown, stands_in, terms, words

_FINDS = frozenset({"read", "search", "run", "fetch"})
_LEAST_WORDS, _MOST_WORDS = 3, 14
_SHARE = 0.6
"""Share of a sentence's telling words that must be there for it to count as said."""
_CORRECTION = re.compile(
    r"^(?:no\b|nope\b|don'?t\b|do not\b|stop\b|wrong\b|that'?s (?:not|wrong)|not like)"
    r"|\b(?:always|never|from now on|instead of|i (?:said|told you)|we (?:don'?t|always|never)"
    r"|remember (?:that|to)|make sure (?:you|to)|should(?:n'?t| not) have)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(r"error|fail|exception|cannot|can't|not found|no such|denied|invalid|unknown",
                    re.IGNORECASE)  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")  # noqa: RUF001 - full-width marks end sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one turn brought that somebody with a good memory would have known before it."""

    facts: frozenset[str] = frozenset()
    """Terms an earlier session had seen that this one first saw in what a tool showed, and that
    the agent then worked with."""
    unknown: int = 0
    """Such terms that no earlier session had seen: nobody could have told them."""
    first_file: str = ""
    """The first file that was changed, where nobody had named it in the session before."""
    mistakes: tuple[frozenset[str], ...] = ()
    """Words of errors that an earlier session had run into as well."""
    corrections: tuple[frozenset[str], ...] = ()
    """Words of an earlier session's corrections whose subject came up here."""


@dataclass(slots=True)
class Past:
    """What earlier sessions of a project left behind."""

    mistakes: set[frozenset[str]] = field(default_factory=set)
    corrections: list[frozenset[str]] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)

    def add(self, session: Session) -> None:
        """Take in a session that is over."""
        self.terms = self.terms.union(*(terms(said(i)) | terms(shown(i)) for i in session.items))
        self.mistakes |= {found for item in session.items if (found := mistake(item))}
        self.corrections += [c for item in session.items for c in corrections(item)]


def outlooks(session: Session, past: Past) -> list[Outlook]:
    """Return what each turn of a session brought, looking forward to the session's end."""
    items = [item for turn in session.turns for item in turn.items]
    used = _used(items)
    known: set[str] = set()
    found, at = [], 0
    for turn in session.turns:
        facts: set[str] = set()
        first = _first_changed(turn)
        if first in known | terms(turn.prompt):
            first = ""
        for item in turn.items:
            new = terms(shown(item)) - known if _finds(item) else frozenset()
            facts |= {term for term in new if used.get(term, -1) > at}
            known |= terms(said(item)) | new
            at += 1
        found.append(
            Outlook(
                facts=frozenset(facts & past.terms),
                unknown=len(facts - past.terms),
                first_file=first,
                mistakes=tuple(_repeated(turn, past)),
                corrections=tuple(_touched(turn, past)),
            )
        )
    return found


def mistake(item: EvidenceItem) -> frozenset[str]:
    """Return the telling words of a failed command's error; nothing when it did not fail."""
    if not isinstance(item, ToolCall) or item.succeeded or item.refused or not item.command:
        return frozenset()
    lines = [line for line in (item.error or item.output).splitlines() if _ERROR.search(line)]
    told = [word for line in lines[:2] for word in (*sorted(terms(line)), *_ordered(line))]
    kept = frozenset(dict.fromkeys(told[:_MOST_WORDS]))
    return kept if len(kept) >= _LEAST_WORDS else frozenset()


def corrections(item: EvidenceItem) -> Iterator[frozenset[str]]:
    """Yield the telling words of each sentence by which the user corrects, or sets a rule."""
    if not isinstance(item, Prompt | Answer):
        return
    for sentence in _SENTENCE.split(item.text[:4000]):
        told = words(sentence) | terms(sentence)
        if _CORRECTION.search(sentence.strip()) and _LEAST_WORDS <= len(told) <= 2 * _MOST_WORDS:
            yield told


def heard(told: frozenset[str], text: str) -> bool:
    """Say whether a lower-case text says what these words say."""
    return sum(stands_in(word, text) for word in told) >= _SHARE * len(told)


def _repeated(turn: Turn, past: Past) -> Iterator[frozenset[str]]:
    """Yield each mistake of a turn that an earlier session made, once."""
    for found in {mistake(item) for item in turn.items} - {frozenset()}:
        if any(len(found & old) >= _SHARE * len(found | old) for old in past.mistakes):
            yield found


def _touched(turn: Turn, past: Past) -> Iterator[frozenset[str]]:
    """Yield each earlier correction whose subject the agent or the user came to in this turn."""
    done = "\n".join(said(item) for item in turn.items).lower()
    yield from (told for told in dict.fromkeys(past.corrections) if heard(told, done))


def _used(items: Sequence[EvidenceItem]) -> dict[str, int]:
    """Return where each term was last written by the agent."""
    used: dict[str, int] = {}
    for at, item in enumerate(items):
        if not isinstance(item, Prompt | Answer):
            used.update(dict.fromkeys(terms(said(item)), at))
    return used


def _first_changed(turn: Turn) -> str:
    changes = (item for item in turn.items if isinstance(item, ToolCall) and item.succeeded)
    return next((name_of(item.files_changed[0]) for item in changes if item.files_changed), "")


def _finds(item: EvidenceItem) -> bool:
    return isinstance(item, ToolCall) and item.kind in _FINDS


def _ordered(line: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]{4,}", line.lower())]
