"""What of a memory may be told: each sentence by what carries it.

A sentence that somebody trusted carries stays as it is. One that only outside text carries stays,
named as such, when it merely states a fact; an order, a command, an address, a credential or a
role's tag from outside goes. A memory loses such sentences, not its voice; only when nothing else
is left, it is kept whole and held back until a person confirms it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from codemem_core.distil.provenance.carriers import (
    OUTSIDE,
    TRUSTED,
    Carriers,
    Support,
    TextSource,
    threshold,
)
from codemem_core.distil.provenance.orders import (
    gives_orders,
    is_fact,
    is_imperative,
    speaks_of_people,
)
from codemem_core.distil.provenance.sentences import read
from codemem_core.distil.sanitize import plain
from codemem_core.records.event import ORIGINS
from codemem_core.records.memory import CARD_TITLE, PROJECT_CARD, Observation, Summary

_PIECE = re.compile(
    r"(?:[^.!?;:。！？；\n]|[.!?;:](?!\s))*(?:[.!?;:]+[\"')\]*_`]*|[。！？；]+)?\s*|\s+"  # noqa: RUF001
)
_QUOTE_CHARS = 200
_TITLE_QUOTE_CHARS = 120
"""Short enough that nobody cuts off the source behind it."""
_SUSPECT = 0.3
"""Share of an outside sentence that makes an order which nobody trusted carries suspect."""
_LABEL_WORDS = 3
_TITLE_CHARS = 160
_OUR_OWN = TextSource("assistant")
M = TypeVar("M")


@dataclass(slots=True)
class Verdict:
    """What became of a memory's sentences."""

    origins: set[str] = field(default_factory=set)
    """Of the sentences that stayed as they are."""
    named: set[str] = field(default_factory=set)
    """Of the facts that stayed with their source named."""
    carried: bool = False
    """Whether somebody trusted carries one of the sentences that stayed."""
    withheld: int = 0
    """How many went."""
    reason: str = ""
    """Where the first that went came from."""

    @property
    def origin(self) -> str:
        """The least trusted origin of what stayed; of facts with their source, when all are."""
        found = self.origins or self.named or {"external"}
        return min(found, key=ORIGINS.index)


@dataclass(frozen=True, slots=True)
class Judged(Generic[M]):
    """A memory with what may be told of it."""

    memory: M
    origin: str
    held: bool
    withheld: int = 0
    reason: str = ""


Naming = Callable[[str, TextSource], str]


def _named(piece: str, source: TextSource) -> str:
    """Return a fact as a quotation of its source."""
    return f'From {source.name}: "{_quoted(piece, _QUOTE_CHARS)}"{_end(piece)}'


def _named_behind(piece: str, source: TextSource) -> str:
    """Return a fact with its source behind it: a title begins with what people look for."""
    quote = _quoted(piece, _TITLE_QUOTE_CHARS)
    colon = ":" if quote.endswith(":") else ""
    return f"{quote.rstrip('.:')} (from {source.name}){colon}{_end(piece)}"


def _quoted(piece: str, most: int) -> str:
    text = plain(piece).strip().replace('"', "'")
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _end(piece: str) -> str:
    return piece[len(piece.rstrip()) :]


class Judge:
    """Looks through memories for what only outside text carries."""

    def __init__(self, carriers: Carriers) -> None:
        self._carriers = carriers

    def observation(self, found: Observation) -> Judged[Observation]:
        """Return an observation without what may not be told; whole and held if nothing is left."""
        verdict = Verdict()
        title = self._title(found, verdict)
        narrative = self._text(found.narrative, verdict)
        if found.title and not title and not verdict.carried:
            narrative = ""  # what is left of an order that was its point
        facts = tuple(filter(None, (self._text(fact, verdict) for fact in found.facts)))
        title = title or _first_sentence(narrative or " ".join(facts))
        narrative = (
            narrative or " ".join(facts) or (title if found.narrative == found.title else "")
        )
        if not title or not (narrative or verdict.carried):
            return Judged(found, "external", True, verdict.withheld, verdict.reason)
        clean = replace(
            found,
            title=title,
            narrative=narrative or title,
            facts=facts,
            subtitle=self._text(found.subtitle, verdict),
        )
        return Judged(clean, verdict.origin, False, verdict.withheld)

    def summary(self, found: Summary, *, request: str = "") -> Judged[Summary]:
        """Return a summary without what may not be told; `request` stands in for its own."""
        verdict = Verdict()
        parts: dict[str, Any] = {
            name: self._text(getattr(found, name), verdict) for name in _SECTIONS
        }
        if not parts["request"] and found.request:
            parts["request"] = request
        return Judged(replace(found, **parts), verdict.origin, False, verdict.withheld)

    def clean(self, text: str) -> str:
        """Return a text without what may not be told."""
        return self._text(text, Verdict())

    def parted(self, text: str) -> tuple[str, str]:
        """Return what of a text is not from outside, and what is."""
        own: list[str] = []
        theirs: list[str] = []
        for piece in _PIECE.findall(text):
            source = self._source(piece) if piece.strip() else None
            (theirs if source and source.origin in OUTSIDE else own).append(piece)
        return "".join(own).strip(), "".join(theirs).strip()

    def _title(self, found: Observation, verdict: Verdict) -> str:
        """Return what may be told of a title; the card of a project has always the same."""
        if PROJECT_CARD in found.concepts:
            return CARD_TITLE
        return self._text(found.title, verdict, naming=_named_behind)

    def _text(self, text: str, verdict: Verdict, *, naming: Naming = _named) -> str:
        before = verdict.withheld
        kept = "".join(self._pieces(text, verdict, naming)).strip()
        return kept if verdict.withheld == before else kept.rstrip(" :,;-\u2013\u2014")

    def _pieces(self, text: str, verdict: Verdict, naming: Naming) -> Iterable[str]:
        for piece in _pieces_of(text):
            source = self._source(piece) if piece.strip() else None
            if source is None:
                yield piece
            elif source.origin not in OUTSIDE:
                verdict.origins.add(source.origin)
                verdict.carried |= source is not _OUR_OWN
                yield piece
            elif source.name and is_fact(piece):
                verdict.named.add(source.origin)
                yield naming(piece, source)
            else:
                verdict.withheld += 1
                verdict.reason = verdict.reason or source.name or "outside text"

    def _source(self, piece: str) -> TextSource | None:
        """Return what carries a sentence; an outside source for what may not be told."""
        sentence = read(piece)
        if not sentence.words:
            return None
        support, least = self._carriers.support(sentence), threshold(sentence)
        theirs = support.best(OUTSIDE)
        if support.best({"user"}) >= max(theirs, least):
            return support.source({"user"})
        if self._carriers.is_unvouched(piece) or self._is_suspect(piece, support):
            return TextSource("external")
        if theirs >= least and theirs > support.best(TRUSTED):
            return support.source(OUTSIDE)
        return self._trusted(piece, support, least)

    def _trusted(self, piece: str, support: Support, least: float) -> TextSource:
        if support.best(TRUSTED) < least:
            return _OUR_OWN
        best = support.source(TRUSTED)
        return (
            TextSource("external") if best.origin == "tool_exec" and is_imperative(piece) else best
        )

    def _is_suspect(self, piece: str, support: Support) -> bool:
        """Say whether an order looks like one from outside, in other words."""
        if not self._carriers.exposed:
            return False
        if self._carriers.has_new_address(piece):
            return True
        theirs, ours = support.best(OUTSIDE), support.best(TRUSTED - {"tool_exec"})
        asks = gives_orders(piece) or speaks_of_people(piece)
        return asks and theirs >= _SUSPECT and theirs > ours


def _pieces_of(text: str) -> Iterable[str]:
    """Yield the sentences of a text; a label like `docs(repo):` stays with what it labels."""
    label = ""
    for piece in _PIECE.findall(text):
        whole = label + piece
        if piece.rstrip().endswith(":") and len(read(whole).words) <= _LABEL_WORDS:
            label = whole
            continue
        label = ""
        yield whole
    if label:
        yield label


def _first_sentence(text: str) -> str:
    """Return the first sentence that is more than a label such as "Types:", with that label."""
    found = ""
    for piece in _PIECE.findall(text):
        found += piece
        if found.strip() and not found.rstrip().endswith((":", "\uff1a")):
            break
    found = found.strip()
    if len(found) <= _TITLE_CHARS:
        return found.rstrip(".")
    return found[:_TITLE_CHARS].rpartition(" ")[0] + "…"


_SECTIONS = ("request", "investigated", "learned", "completed", "next_steps", "notes")
