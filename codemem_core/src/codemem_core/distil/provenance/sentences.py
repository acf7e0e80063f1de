"""Texts as sentences and words, so that one can be found again in another.

Works on any language: words are runs of letters and digits; scripts that write none of their spaces
(Chinese, Japanese, Thai, …) are read as pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from codemem_core.distil.sanitize import plain

MAX_WORDS = 60
"""A longer sentence is read in parts of so many words: minified files have no sentences."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_SENTENCE = re.compile(
    r"(?<=[.!?;:])[\"')\]*_`]*\s+|(?<=[。！？；])|\n+|\s+[—–]\s+|\s*[|│]\s*"  # noqa: RUF001
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"'`)\]]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and what it is compared by."""

    text: str
    words: tuple[str, ...]
    """In order, folded; pairs of characters in scripts without spaces."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Neighbouring words."""
        return frozenset(zip(self.words, self.words[1:], strict=False))


def split(text: str) -> list[str]:
    """Return the sentences and lines of a text, in order; nothing but white space is lost."""
    return [part for part in (piece.strip() for piece in _SENTENCE.split(text) if piece) if part]


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a text; long ones in parts."""
    found = []
    for part in split(folded(text)):
        words = words_of(part)
        found += [
            Sentence(part, tuple(words[at : at + MAX_WORDS]))
            for at in range(0, max(1, len(words) - MAX_WORDS // 2), MAX_WORDS // 2)
        ]
    return [sentence for sentence in found if sentence.words]


def read(text: str) -> Sentence:
    """Return a text as one sentence."""
    text = folded(text)
    return Sentence(text, tuple(words_of(text)))


def folded(text: str) -> str:
    """Return the text with one form for each character, and none that cannot be seen."""
    text = plain(text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def words_of(text: str) -> list[str]:
    """Return the words of a folded text, lower-case."""
    words: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _IS_UNSPACED.match(word):
            words += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            words.append(word)
    return words


def addresses_of(text: str) -> frozenset[str]:
    """Return what could be fetched or written to: addresses, hosts in them, mail, IP addresses."""
    found = {address.rstrip(".,;:!?").casefold() for address in _ADDRESS.findall(text)}
    hosts = {address.partition("://")[2].partition("/")[0] for address in found}
    return frozenset(found | hosts)
