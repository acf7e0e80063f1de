"""How people say what is to be done from now on: phrases by language, ready to be looked for.

The phrases are data (`rule_grammar.toml`), their meaning is explained there. Each pattern is an
alternation of phrases with bounded gaps, so that looking for it takes time linear in the text.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_FILE = os.path.join(os.path.dirname(__file__), "rule_grammar.toml")
_LISTS = frozenset({"words", "order", "common"})
"""Categories that are read as words, not as phrases."""
_UNSPACED = frozenset({"han", "kana", "hangul"})
_SCRIPTS = (
    ("kana", re.compile(r"[\u3040-\u30ff]")),
    ("hangul", re.compile(r"[\uac00-\ud7af]")),
    ("han", re.compile(r"[\u3400-\u9fff]")),
    ("cyrillic", re.compile(r"[\u0400-\u04ff]")),
)
_OF_SCRIPT = {"kana": "ja", "hangul": "ko", "han": "zh", "cyrillic": "ru"}
_WORD = re.compile(r"[^\W_][\w'-]*")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The phrases of one language."""

    name: str
    """ISO 639-1, lower-case."""
    is_spaced: bool
    """Whether spaces part its words."""
    phrases: Mapping[str, re.Pattern[str]]
    """By category."""
    words: Mapping[str, frozenset[str]]
    """By category: `words`, `order`, `common`; `vocabulary` holds those of all phrases too."""


@cache
def grammars() -> Mapping[str, Grammar]:
    """Return the grammars by language; read once, when the first prompt is looked at."""
    with open(_FILE, "rb") as file:
        return {name: _grammar(name, data) for name, data in tomllib.load(file).items()}


def grammar_of(text: str) -> Grammar:
    """Return the grammar of a sentence's language: by its script, else by its function words."""
    known = grammars()
    for script, letters in _SCRIPTS:
        if letters.search(text):
            return known[_OF_SCRIPT[script]]
    words = _WORD.findall(text.lower())
    counts = {
        name: sum(
            2 * (word in grammar.words["words"]) + (word in grammar.words["vocabulary"])
            for word in words
        )
        for name, grammar in known.items()
        if grammar.is_spaced and name != "ru"
    }
    # The first of equals: English, the language that others borrow words from.
    return known[max(counts, key=lambda name: counts[name])]


def _grammar(name: str, data: Mapping[str, object]) -> Grammar:
    is_spaced = data.get("script") not in _UNSPACED
    phrases, words = {}, {}
    for category, value in data.items():
        if category in _LISTS:
            words[category] = frozenset(str(value).split() if isinstance(value, str) else ())
        if isinstance(value, list):
            phrases[category] = _any_of(map(str, value), is_spaced=is_spaced)
    if not is_spaced and isinstance(data.get("order"), list):
        words["order"] = frozenset()
    text = " ".join(" ".join(value) for value in data.values() if isinstance(value, list))
    words["vocabulary"] = frozenset(_WORD.findall(text)) | words["common"]
    return Grammar(name, is_spaced, phrases, words)


def _any_of(phrases: object, *, is_spaced: bool) -> re.Pattern[str]:
    assert hasattr(phrases, "__iter__")
    longest_first = sorted(phrases, key=len, reverse=True)
    parts = [_spaced(phrase) if is_spaced else _unspaced(phrase) for phrase in longest_first]
    return re.compile("|".join(parts))


def _spaced(phrase: str) -> str:
    """Return a phrase as a pattern that matches whole words."""
    pattern = re.escape(phrase).replace(r"\ \.\.\ ", r"\ (?:\S+\ ){0,4}").replace(r"\ ", r"\s+")
    pattern = pattern.replace(r"\*", r"\w*").replace("_", r"[\w-]+")
    before = r"(?<![\w'./-])" if phrase[0].isalnum() else ""
    after = r"(?![\w-]|[./]\w)" if phrase[-1].isalnum() or phrase[-1] in "_*" else ""
    return before + pattern + after


def _unspaced(phrase: str) -> str:
    return re.escape(phrase).replace(r"\.\.", ".{0,12}")
