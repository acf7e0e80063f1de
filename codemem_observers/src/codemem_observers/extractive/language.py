"""Which language a text is written in."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SPOKEN_CHARS = 800
"""How much of a text is looked at."""
LEAD = 2
"""Familiar words and letters more than in English: one `no` makes no Spanish text."""

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_CODE = re.compile(r"```.*?```|`[^`]*`|https?://\S+|[\w./-]*[/_.][\w./-]+", re.DOTALL)
_WORD = re.compile(r"\b[^\W\d_]+\b")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a language is recognised."""

    common: frozenset[str] = frozenset()
    """Its commonest small words, lower case."""
    letters: frozenset[str] = frozenset()
    """Letters that few others use."""
    spaced: bool = True
    """It puts spaces between words."""


def _read() -> dict[str, Spelling]:
    path = Path(__file__).with_name("languages.toml")
    return {
        name: Spelling(
            frozenset(fields.get("common", "").split()),
            frozenset(fields.get("letters", "")),
            fields.get("spaced", True),
        )
        for name, fields in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


SPELLINGS = _read()
"""By the language's two letters; English first."""


def language_of(text: str) -> str:
    """Return the language of a text: by its script, else by the commonest small words."""
    prose = _CODE.sub(" ", text[:SPOKEN_CHARS]).lower()
    words = Counter(_WORD.findall(prose))
    if not prose.isascii():
        length = words.total()
        for language, script in _SCRIPTS:
            if len(script.findall(prose)) >= max(2, length // 8):
                return language
    letters = Counter("".join(char for char in prose if char > "\x7f"))
    scores = {name: _familiar(words, letters, known) for name, known in SPELLINGS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= scores["en"] + LEAD else "en"


def _familiar(words: Counter[str], letters: Counter[str], known: Spelling) -> int:
    """Return how many of the words, and of the letters with accents, are the language's own."""
    own = sum(words[word] for word in words.keys() & known.common)
    return own + sum(letters[letter] for letter in letters.keys() & known.letters)
