"""Words that show what a sentence is good for, by language.

One TOML file a language in `languages/`; each of its lists becomes one regular expression. Only
what structure (headings, bullets, code, diffs, results) does not show is left to words.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from codemem_observers.extractive.language import SPELLINGS, language_of

_OPENINGS = frozenset(
    "correction opening joining first_person dependent noise vague concession".split()
)
"""Lists that look at how a sentence begins; the others look anywhere in it."""


class Lexicon:
    """The patterns of one language, as attributes."""

    cause: re.Pattern[str]
    decision: re.Pattern[str]
    contrast: re.Pattern[str]
    rule: re.Pattern[str]
    hedge: re.Pattern[str]
    next: re.Pattern[str]
    finished: re.Pattern[str]
    revert: re.Pattern[str]
    correction: re.Pattern[str]
    correction_anywhere: re.Pattern[str]
    opening: re.Pattern[str]
    joining: re.Pattern[str]
    first_person: re.Pattern[str]
    dependent: re.Pattern[str]
    noise: re.Pattern[str]
    intention: re.Pattern[str]
    proposal: re.Pattern[str]
    concession: re.Pattern[str]
    absence: re.Pattern[str]
    offer: re.Pattern[str]
    vague: re.Pattern[str]
    why_section: re.Pattern[str]
    clause: re.Pattern[str]
    procedural: re.Pattern[str]

    def __init__(self, name: str, lists: dict[str, list[str]]) -> None:
        """Take the lists of a language file; each is compiled when it is first used."""
        self.name = name
        self.common = SPELLINGS[name].common
        self.spaced = SPELLINGS[name].spaced
        self._lists = lists

    def __getattr__(self, attribute: str) -> re.Pattern[str]:
        """Compile a list when it is first asked for."""
        if attribute not in Lexicon.__annotations__:
            raise AttributeError(attribute)
        pattern = self._pattern(attribute, self._lists.get(attribute, []))
        setattr(self, attribute, pattern)
        return pattern

    def _pattern(self, attribute: str, alternatives: list[str]) -> re.Pattern[str]:
        if not alternatives:
            return re.compile(r"(?!)")  # matches nothing
        alternatives = sorted(alternatives, key=len, reverse=True)  # `good point` before `good`
        ended = self.spaced and attribute not in {"noise", "first_person"}
        pattern = rf"(?:{'|'.join(alternatives)})" + (r"(?!\w)" if ended else "")
        if attribute in _OPENINGS:
            pattern = rf"^\W*{pattern}"
        elif self.spaced:
            pattern = rf"(?<!\w){pattern}"
        return re.compile(pattern, re.IGNORECASE)


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lexicon of a language, read on first use."""
    path = Path(__file__).with_name("languages") / f"{language}.toml"
    return Lexicon(language, tomllib.loads(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=1024)
def lexicon_of(text: str) -> Lexicon:
    """Return the lexicon of the language a text is written in; English when nothing speaks."""
    return lexicon(language_of(text))
