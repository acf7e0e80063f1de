"""How people say what is to be done from now on: phrases by language, ready to be looked for.

The phrases are data (`rule_phrases/`), their meaning is explained there. Each pattern is an
alternation of phrases with bounded gaps, so that looking for it takes time linear in the text.
A language is read, and a pattern compiled, when a sentence first needs it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

_FOLDER = os.path.join(os.path.dirname(__file__), "rule_phrases")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_UNSPACED = frozenset({"zh", "ja", "ko"})
_WORD = re.compile(r"[^\W_][\w'-]*")


class Phrases(dict[str, re.Pattern[str]]):
    """The phrases of a language by category; `[…]` compiles a category that is new."""

    def __init__(self, lists: Mapping[str, list[str]], *, is_spaced: bool) -> None:
        super().__init__()
        self._lists, self._is_spaced = lists, is_spaced

    def __missing__(self, category: str) -> re.Pattern[str]:
        """Compile the phrases of a category."""
        self[category] = _any_of(self._lists[category], is_spaced=self._is_spaced)
        return self[category]

    def categories(self) -> frozenset[str]:
        """Return the names of all categories."""
        return frozenset(self._lists)


@dataclass(frozen=True, slots=True)
class Grammar:
    """The phrases of one language."""

    name: str
    """ISO 639-1, lower-case."""
    is_spaced: bool
    """Whether spaces part its words."""
    phrases: Phrases
    """By category."""
    orders: frozenset[str]
    """Verbs in the imperative that open a sentence; in languages with spaces."""
    common: frozenset[str]
    """Words that say nothing about the subject of a rule."""


@cache
def languages() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return of each language the words that tell it from others, and its common words."""
    return {
        name: {kind: frozenset(words.split()) for kind, words in lists.items()}
        for name, lists in _read("languages").items()
    }


@cache
def grammar(name: str) -> Grammar:
    """Return the grammar of a language."""
    data = _read(name)
    is_spaced = name not in _UNSPACED
    orders = data.pop("order").split() if is_spaced else ()
    phrases = Phrases(data, is_spaced=is_spaced)
    return Grammar(name, is_spaced, phrases, frozenset(orders), languages()[name]["common"])


def grammar_of(text: str) -> Grammar:
    """Return the grammar of a sentence's language: by its script, else by its function words."""
    for name, letters in _SCRIPTS:
        if letters.search(text):
            return grammar(name)
    words = _WORD.findall(text.lower())
    counts = {
        name: sum(2 * (word in lists["words"]) + (word in lists["common"]) for word in words)
        for name, lists in languages().items()
        if name not in _UNSPACED and name != "ru"
    }
    # The first of equals: English, the language that others borrow words from.
    return grammar(max(counts, key=lambda name: counts[name]))


def _read(name: str) -> dict[str, Any]:
    with open(os.path.join(_FOLDER, f"{name}.toml"), "rb") as file:
        return tomllib.load(file)


def _any_of(phrases: Iterable[str], *, is_spaced: bool) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile("|".join(map(_spaced if is_spaced else re.escape, longest_first)))


def _spaced(phrase: str) -> str:
    """Return a phrase as a pattern that matches whole words."""
    pattern = re.escape(phrase).replace(r"\ \.\.\ ", r"\ (?:\S+\ ){0,4}").replace(r"\ ", r"\s+")
    pattern = pattern.replace(r"\*", r"\w*").replace("_", r"[\w-]+")
    before = r"(?<![\w'./-])" if phrase[0].isalnum() else ""
    after = r"(?![\w-]|[./]\w)" if phrase[-1].isalnum() or phrase[-1] in "_*" else ""
    return before + pattern + after
