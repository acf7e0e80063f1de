"""Which text of a session carries a sentence: the user's, the assistant's, the repository's.

Texts are added in the order in which they came up. What an outside text said first stays outside
when the assistant, a file or a command says it again; what somebody trusted said first stays
theirs. All of it is counting of words: deterministic, and linear in the text.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codemem_core.distil.provenance.orders import commands_in, is_grave
from codemem_core.distil.provenance.sentences import (
    Sentence,
    addresses_of,
    read,
    sentences,
)
from codemem_core.records.event import ORIGINS

OUTSIDE = frozenset({"import", "external", "teammate", "agent"})
"""Origins nobody vouches for."""
TRUSTED = frozenset({"user", "assistant", "tool_repo", "tool_exec"})
_FOREIGN, _PRINTED, _VOUCHED = "foreign", "printed", "vouched"
"""Sides: outside text, the output of commands, and what users, assistants and repositories say."""
CARRIED = 0.6
_SHORT, _SHORT_CARRIED = 3, 0.9
"""Words of a sentence that says too little for a part of it to be telling."""
_EMBEDDED = 5
"""Words of an outside sentence that is looked for inside a longer one."""
_COMMON = 150
"""A word in more sentences finds none by itself; it still counts."""
_LOOKED_AT = 6
"""Sentences of each origin that are compared word by word."""
_SAME_COMMAND = 0.6
_RESEMBLES = 0.3
MAX_CHARS = 2_000_000
"""Characters of one origin that are looked at; what comes after is cut."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where a text came from."""

    origin: str
    """One of `records.events.ORIGINS`."""
    name: str = ""
    """How the memory names it: `a web page`, `the output of npm`."""


@dataclass(slots=True)
class Support:
    """How well each origin carries a sentence, 0 to 1, and the best source of it."""

    by_origin: dict[str, float] = field(default_factory=dict)
    sources: dict[str, TextSource] = field(default_factory=dict)

    def note(self, share: float, source: TextSource) -> None:
        """Keep the best share of each origin."""
        if share > self.by_origin.get(source.origin, 0.0):
            self.by_origin[source.origin] = share
            self.sources[source.origin] = source

    def source(self, origins: Iterable[str]) -> TextSource:
        """Return the source that carries it best, the most trusted of equals."""
        known = [origin for origin in origins if origin in self.by_origin]
        best = max(known, key=lambda origin: (self.by_origin[origin], ORIGINS.index(origin)))
        return self.sources[best]

    def best(self, origins: Iterable[str]) -> float:
        """Return the best share among some origins."""
        return max((self.by_origin.get(origin, 0.0) for origin in origins), default=0.0)


class Carriers:
    """The texts of a session, sentence by sentence."""

    def __init__(self) -> None:
        self._sentences: list[frozenset[str]] = []
        self._sources: list[TextSource] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._pairs: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._addresses: defaultdict[str, set[str]] = defaultdict(set)
        self._room: Counter[str] = Counter()
        self.exposed = False
        """Whether any text from outside is among them."""

    def add(self, text: str, source: TextSource) -> None:
        """Add a text; what repeats an outside sentence counts as outside, whoever says it."""
        text = text[: max(0, MAX_CHARS - self._room[source.origin])]
        self._room[source.origin] += len(text)
        self.exposed |= source.origin in OUTSIDE and bool(text.strip())
        for sentence in sentences(text):
            self._enter(sentence, self._first(sentence, source))

    def _first(self, sentence: Sentence, source: TextSource) -> TextSource:
        """Return the source that a sentence of another one has to be put down to."""
        if source.origin in OUTSIDE or source.origin == "user":
            return source
        if source.origin in {"tool_exec", "tool_repo"} and not self._resembles(sentence, _FOREIGN):
            return source
        if source.origin != "tool_exec" and self.is_unvouched(sentence.text):
            return TextSource("external", "outside text")
        return (self.exposed and self.repeated(sentence)) or source

    def _enter(self, sentence: Sentence, source: TextSource) -> None:
        number = len(self._sentences)
        words = frozenset(sentence.words)
        self._sentences.append(words)
        self._sources.append(source)
        for word in words:
            self._places[word].append(number)
        side = _side(source.origin)
        self._pairs[side] |= sentence.pairs
        self._addresses[side] |= addresses_of(sentence.text)

    def repeated(self, sentence: Sentence) -> TextSource | None:
        """Return the outside source whose sentence this is, or None."""
        support = self.support(sentence)
        theirs = support.best(OUTSIDE)
        if theirs >= threshold(sentence) and theirs > support.best(TRUSTED):
            return support.source(OUTSIDE)
        return None

    def is_unvouched(self, text: str) -> bool:
        """Say whether a sentence has an address or a command that only outside text has.

        Of the output of commands only addresses and what fetches, installs or elevates count.
        """
        strangers = self._addresses[_FOREIGN] | self._addresses[_PRINTED]
        if (addresses_of(text) & strangers) - self._addresses[_VOUCHED]:
            return True
        return any(self._is_theirs(command) for command in commands_in(text))

    def has_new_address(self, text: str) -> bool:
        """Say whether a sentence has an address that nobody trusted has named."""
        return bool(addresses_of(text) - self._addresses[_VOUCHED])

    def _is_theirs(self, command: str) -> bool:
        asked = read(command)
        ours = self._share(asked, _VOUCHED)
        theirs = self._share(asked, _FOREIGN)
        if is_grave(command):
            theirs = max(theirs, self._share(asked, _PRINTED))
        return theirs >= _SAME_COMMAND and theirs > ours

    def _resembles(self, sentence: Sentence, side: str) -> bool:
        return self._share(sentence, side) >= _RESEMBLES

    def _share(self, sentence: Sentence, side: str) -> float:
        """Return the share of a sentence's neighbouring words that stand together on a side."""
        pairs = sentence.pairs or {(word, word) for word in sentence.words}
        return len(pairs & self._pairs[side]) / len(pairs) if pairs else 0.0

    def support(self, sentence: Sentence) -> Support:
        """Return how well each origin carries a sentence."""
        words = frozenset(sentence.words)
        weights = {word: self._weight(word) for word in words}
        total, support = sum(weights.values()), Support()
        for number in self._nearest(words, weights):
            other = self._sentences[number]
            common = sum(weights[word] for word in words & other)
            share = common / total
            if len(other) >= _EMBEDDED and len(words & other) >= _EMBEDDED - 1:
                share = max(share, common / sum(map(self._weight, other)))
            support.note(share, self._sources[number])
        return support

    def _nearest(self, words: frozenset[str], weights: Mapping[str, float]) -> list[int]:
        """Return the sentences of each origin that share most with a set of words."""
        known = sorted(words & self._places.keys(), key=lambda w: (len(self._places[w]), w))
        rare = [word for word in known if len(self._places[word]) <= _COMMON] or known[:1]
        shared: defaultdict[int, float] = defaultdict(float)
        for word in rare:
            for number in self._places[word]:
                shared[number] += weights[word]
        found, room = [], Counter[str]()
        for number in sorted(shared, key=lambda n: (-shared[n], n)):
            origin = self._sources[number].origin
            if room[origin] < _LOOKED_AT:
                room[origin] += 1
                found.append(number)
        return found

    def _weight(self, word: str) -> float:
        """Return how much a word tells: less, the more sentences have it."""
        return math.log(1 + (len(self._sentences) + 1) / (len(self._places.get(word, ())) + 1))


def threshold(sentence: Sentence) -> float:
    """Return the share of a sentence's weight that another must have to carry it."""
    return _SHORT_CARRIED if len(sentence.words) <= _SHORT else CARRIED


def _side(origin: str) -> str:
    if origin in OUTSIDE:
        return _FOREIGN
    return _PRINTED if origin == "tool_exec" else _VOUCHED
