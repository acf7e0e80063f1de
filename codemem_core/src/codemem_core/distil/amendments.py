"""Whether a claim repeats another in other words, or says that what it claims changed.

Both are judged by the words that tell claims apart. A change has to be announced ("instead of",
"no longer", "moved to", "now"): two claims that merely share words both stay. A repetition names
the same things and no other value.
"""

from __future__ import annotations

import posixpath
import re
from functools import cached_property

from codemem_core.distil.claim_words import telling_words
from codemem_core.distil.rule_grammar import grammar_of
from codemem_core.records.memory import Memory, NewMemory

_LOOKED_AT = 500
"""Characters of a body: a claim stands at its beginning."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+|(?<=[\u3002\uff01\uff1b])")
_ACRONYM = re.compile(r"\b(?:[A-Z][A-Z0-9]+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_PREFIX = 5
"""Letters by which two forms of a word are one: derived, derivation."""

_REPEATED_OF_SHORTER, _REPEATED_OF_LONGER = 0.5, 0.4
_REPEATED_WITHOUT_NAMES = 0.6
_REPEATED_WORDS, _REPEATED_WORDS_WITHOUT_NAMES = 4, 5
_CHANGED_OF_SHORTER, _CHANGED_IN_ONE_FILE = 0.5, 0.35
_CHANGED_WORDS, _SINCE_WORDS = 3, 4


class ComparedMemory:
    """A memory, ready to be compared with others."""

    def __init__(self, memory: Memory | NewMemory) -> None:
        body = memory.body[:_LOOKED_AT]
        self.text = body if body.startswith(memory.title) else f"{memory.title}.\n{body}"
        paths = (*memory.files_modified, *memory.files_read)
        self.files = frozenset(map(posixpath.basename, paths))
        """Names of the files it is about."""

    @cached_property
    def words(self) -> frozenset[str]:
        """What tells it from other claims, without the names of its files."""
        return telling_words(self.text) - {name.lower() for name in self.files}

    @cached_property
    def names(self) -> frozenset[str]:
        """Identifiers, paths, acronyms and versions among the words."""
        marked = {name.lower() for name in _ACRONYM.findall(self.text)}
        marked |= telling_words(" ".join(_CODE.findall(self.text)))
        return frozenset(w for w in self.words if not w.isalpha() or w in marked) - self.numbers

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Values among the words."""
        return frozenset(word for word in self.words if word[0].isdigit())

    @cached_property
    def changed(self) -> frozenset[str]:
        """The words of the sentences that announce a change, and of the first one."""
        return self._announced("changed")

    @cached_property
    def since(self) -> frozenset[str]:
        """The words of the sentences that say since when, and of the first one."""
        return self._announced("since")

    def _announced(self, category: str) -> frozenset[str]:
        parts = _SENTENCE.split(self.text)
        marked = [part for part in parts if _has(part, category)]
        if not marked:
            return frozenset()
        return telling_words(" ".join([parts[0], *marked]))


def repeats(new: ComparedMemory, old: ComparedMemory) -> bool:
    """Say whether two claims say the same in other words; in doubt they do not."""
    if new.numbers != old.numbers and (new.numbers and old.numbers):
        return False
    common = _common(new.words, old.words)
    shorter, longer = sorted((len(new.words), len(old.words)))
    if not shorter or common / longer < _REPEATED_OF_LONGER:
        return False
    if new.names and old.names:
        of_names = len(new.names & old.names) / min(len(new.names), len(old.names))
        enough = common >= min(_REPEATED_WORDS, longer)
        return enough and of_names >= 0.5 and common / shorter >= _REPEATED_OF_SHORTER
    if new.names or old.names:
        return False
    enough = common >= min(_REPEATED_WORDS_WITHOUT_NAMES, longer)
    return enough and common / shorter >= _REPEATED_WITHOUT_NAMES


def amends(new: ComparedMemory, old: ComparedMemory) -> bool:
    """Say whether a newer claim announces that what the old one claims is otherwise now."""
    is_one_file = bool(new.files & old.files)
    if new.files and old.files and not is_one_file:
        return False
    changed = _common(new.changed, old.words)
    least = _CHANGED_IN_ONE_FILE if is_one_file else _CHANGED_OF_SHORTER
    shorter = min(len(new.words), len(old.words)) or 1
    if changed >= (_CHANGED_WORDS - is_one_file) and changed / shorter >= least:
        return True
    since = _common(new.since, old.words)
    return since >= _SINCE_WORDS and since / shorter >= _CHANGED_OF_SHORTER


def _has(sentence: str, category: str) -> bool:
    plain = " ".join(sentence.lower().replace("\u2019", "'").split())
    return grammar_of(plain).phrases[category].search(plain) is not None


def _common(one: frozenset[str], other: frozenset[str]) -> int:
    """Return how many words two texts have in common; forms of a word are one."""
    exact = one & other
    forms = {word[:_PREFIX] for word in one - exact if word.isalpha() and len(word) >= _PREFIX}
    others = {word[:_PREFIX] for word in other - exact if word.isalpha() and len(word) >= _PREFIX}
    return len(exact) + len(forms & others)
