"""The table of secrets, prepared for scanning. Patterns are compiled when first needed."""

from __future__ import annotations

import json
import os
import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

with open(os.path.join(os.path.dirname(__file__), "secrets.json"), "rb") as file:
    TABLE: dict[str, Any] = json.load(file)

_RAREST = "~$@!&?^%\\\t<+|q`][zj;}{>*79865#342/xkw10v'=y:\",b)(-g_.hmpufcdloniarste "
"""Characters of code and prose, the rarest first."""


class SecretRule:
    """What a secret looks like, told from a word that stands in it or before it."""

    __slots__ = ("_before", "_compiled", "_extend", "_ignore_case", "_pattern", "kind")

    def __init__(self, row: dict[str, Any]) -> None:
        self.kind: str = row["kind"]
        self._compiled: re.Pattern[str] | None = None
        self._ignore_case = not row.get("case")
        self._pattern: str = row["pattern"]
        self._before: str = row.get("before", "")
        extend = row.get("extend", "")
        self._extend: str = _MORE if extend is True else extend

    def find(self, text: str, at: int) -> tuple[int, int] | None:
        """Return where the secret lies, given that the rule's word stands at `at`."""
        if self._compiled is None:
            self._compiled = compiled(self._pattern, ignore_case=self._ignore_case)
        match = self._compiled.match(text, at)
        if match is None:
            return None
        start, end = match.span("secret") if "secret" in match.re.groupindex else (at, at)
        if self._before:
            near = max(0, at - _NEAR)
            before = compiled(self._before).search(text[near:at])
            if before is None:
                return None
            if "secret" in before.re.groupindex:
                start = near + before.start("secret")
                end = end if end > at else near + before.end("secret")
        if self._extend and (more := compiled(self._extend).match(text, end)):
            end = more.end()
        return start, end


_NEAR = 240
"""Characters before a word that a rule may look at."""
_MORE = r"[\w.~+/=-]*"
"""How a long token goes on."""


@cache
def compiled(pattern: str, *, ignore_case: bool = True) -> re.Pattern[str]:
    """Compile a pattern of the table: its groups are named as in JavaScript, `{NAME}` is a part."""
    for name, part in TABLE["parts"].items():
        pattern = pattern.replace("{" + name + "}", part)
    pattern = re.sub(r"\(\?<(?=[a-z])", "(?P<", pattern)
    pattern = re.sub(r"\\k<(\w+)>", r"(?P=\1)", pattern)
    return re.compile(pattern, re.ASCII | (re.IGNORECASE if ignore_case else 0))


def vendor_starts() -> dict[str, list[tuple[str, str]]]:
    """Return kind and pattern of what follows each start of a vendor's keys."""
    starts: dict[str, list[tuple[str, str]]] = {}
    for row in TABLE["vendors"]:
        for start in row["starts"]:
            starts.setdefault(start, []).append((row["kind"], row["rest"]))
    return starts


def rules() -> dict[str, list[Any]]:
    """Return the rules of each word."""
    found: dict[str, list[SecretRule]] = {}
    for row in TABLE["places"]:
        for word in row["words"]:
            found.setdefault(word, []).append(SecretRule(row))
    return found


class Finder:
    """Finds words in a text, fast where they are absent.

    `re` skips to the rarest letter of each word and looks around from there, which takes half the
    time of an alternation of the words.
    """

    def __init__(self, words: list[str]) -> None:
        marks = _marks(words)
        self._by_mark = {
            mark: [(word.index(mark), word) for word in words if _mark_of(word, marks) == mark]
            for mark in marks
        }
        self.pattern = re.compile("|".join(map(_around, self._by_mark.items())))
        self._near: dict[str, list[tuple[int, str]]] = {}
        """Words that may stand around a mark, by the mark and the character after it."""

    def words(self, text: str, start: int, stop: int) -> Iterator[tuple[int, str]]:
        """Yield where each word between two places begins, and the word."""
        for hit in self.pattern.finditer(text, start, stop):
            mark = hit.start()
            near = text[mark : mark + 2]
            for before, word in self._near.get(near) or self._around(near):
                if mark >= before and text.startswith(word, mark - before):
                    yield mark - before, word

    def _around(self, near: str) -> list[tuple[int, str]]:
        """Return the words that may stand around a mark, given what follows it."""
        found = [
            (at, word)
            for at, word in self._by_mark[near[0]]
            if word[at : at + 2] in {near, near[0]}
        ]
        if near.isascii():
            self._near[near] = found
        return found


def _marks(words: list[str]) -> str:
    """Return rare characters of which each word has one, the most frequent of them first."""
    chosen: set[str] = set()
    for word in sorted(words, key=lambda word: -min(map(_RAREST.index, word))):
        if not chosen & set(word):
            chosen.add(min(word, key=_RAREST.index))
    # `re` tries alternatives in turn.
    return "".join(sorted(chosen, key=_RAREST.index, reverse=True))


def _mark_of(word: str, marks: str) -> str:
    """Return the rarest mark in a word."""
    return min(set(word) & set(marks), key=_RAREST.index)


def _around(item: tuple[str, list[tuple[int, str]]]) -> str:
    mark, words = item
    looks = {
        (f"(?<={re.escape(word[: at + 1])})" if at else "") + re.escape(word[at + 1 :])
        for at, word in words
    }
    return f"{re.escape(mark)}(?={'|'.join(sorted(looks))})"
