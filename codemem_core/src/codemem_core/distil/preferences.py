"""The user's word as memories: found in prompts, merged when repeated, superseded when changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemem_core._version import __version__
from codemem_core.distil.claim_words import share, telling_words
from codemem_core.distil.rule_reading import Reading
from codemem_core.distil.rules import StatedRule, rules_in
from codemem_core.records.event import RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store.tokenize import tags_of

KIND = "preference"
EXTRACTOR = "rules"
"""What memories say that they were found by."""
_TITLE_CHARS = 300
_CONFIDENCE = 0.9


def preferences_in(events: Sequence[RawEvent]) -> list[NewMemory]:
    """Return a memory for each rule that the user's prompts state, in their order.

    Their keys depend on the event alone, so that the same prompt never makes two.
    """
    found = []
    for event, text in _prompts(events):
        for number, rule in enumerate(rules_in(text)):
            found.append(_memory(event, number, rule))
    return found


def _prompts(events: Sequence[RawEvent]) -> Iterator[tuple[RawEvent, str]]:
    for event in events:
        if event.origin == "user" and event.common_type == "prompt":
            yield event, event.common["text"]


def _memory(event: RawEvent, number: int, rule: StatedRule) -> NewMemory:
    place = "|".join(map(str, (event.source, event.stream_id, event.event_id, EXTRACTOR, number)))
    return NewMemory(
        key=hashlib.sha256(place.encode()).hexdigest(),
        kind=KIND,
        title=_title(rule.text),
        body=rule.text,
        origin="user",
        tags=tags_of(KIND, (), ()),
        confidence=_CONFIDENCE,
        created_ms=event.ts_ms or 0,
        extractor=EXTRACTOR,
        extractor_version=__version__,
        scope="user" if rule.everywhere else "project",
        metadata={"source": "user", "evidence": [event.seq]},
    )


def _title(text: str) -> str:
    if len(text) <= _TITLE_CHARS:
        return text
    return text[:_TITLE_CHARS].rpartition(" ")[0] + "…"


_SAME_SHARE = 0.75
"""Of all words of two rules: those with fewer in common are two."""
_SUBJECT_SHARE = 0.6
"""Of the words of the shorter rule: from here on both speak of one subject."""


@dataclass(frozen=True)
class Stated:
    """What a rule says, ready to be compared with another."""

    text: str
    scope: str

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """What it is about."""
        return telling_words(self.text)

    @cached_property
    def rejected(self) -> frozenset[str]:
        """What is not to be used: "npm" of "use pnpm, never npm"."""
        return frozenset().union(*map(telling_words, self._reading.rejected)) & self.words

    @cached_property
    def chosen(self) -> frozenset[str]:
        """What is to be used."""
        return self.words - self.rejected

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Words that are values: a limit, a port, a version."""
        return frozenset(word for word in self.words if any(map(str.isdigit, word)))

    @property
    def is_ban(self) -> bool:
        """Whether it only says what not to do."""
        return bool(self.rejected) and not self.chosen

    @property
    def announces_change(self) -> bool:
        """Whether it says that something was otherwise before."""
        return self._reading.has("change")


def says_same(new: Stated, old: Stated) -> bool:
    """Say whether two rules are the same wish."""
    if new.is_ban != old.is_ban or new.numbers != old.numbers:
        return False
    if new.rejected & old.chosen or new.chosen & old.rejected:
        return False
    if new.scope == "user" != old.scope:
        return False  # the wider one takes the place of the other
    return share(new.words, old.words)[1] >= _SAME_SHARE


def replaces(new: Stated, old: Stated) -> bool:
    """Say whether a newer rule about the same subject says otherwise; in doubt it does not."""
    of_shorter, of_longer = share(new.words, old.words)
    if new.scope == "user" != old.scope and of_longer >= _SAME_SHARE:
        return True
    if of_longer >= _SAME_SHARE and new.is_ban != old.is_ban:
        return True
    plain, other = new.words - new.numbers, old.words - old.numbers
    if new.numbers and old.numbers and new.numbers != old.numbers:
        return len(plain & other) >= 2 and share(plain, other)[1] >= _SAME_SHARE
    taken_back = (new.rejected & old.chosen) | (new.chosen & old.rejected)
    if taken_back:
        is_swap = bool(new.rejected & old.chosen) and bool(new.chosen & old.rejected)
        halves = share(new.rejected, old.chosen), share(new.chosen, old.rejected)
        return is_swap or of_shorter >= _SUBJECT_SHARE or any(half[1] >= 0.5 for half in halves)
    is_one_subject = of_shorter >= _SUBJECT_SHARE and len(new.words & old.words) >= 2
    return new.announces_change and is_one_subject and bool(new.words - old.words)
