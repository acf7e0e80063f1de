"""How much a sentence is worth: whether it explains, decides, rules or only reports."""

from __future__ import annotations

import re
from functools import lru_cache

from codemem_observers.extractive.lexicon import Lexicon, lexicon_of
from codemem_observers.extractive.markdown import Statement
from codemem_observers.extractive.phrasing import masked
from codemem_observers.extractive.titles import telling, without_greeting

EXPLAINS = 3
"""Weight of a cause or a decision; what reaches it is worth a memory of its own."""

MAX_GREETING = 3
"""Words of a sentence that only says `All done`."""

_NAMED = re.compile(r"`[^`]+`|\b[\w-]+/[\w./-]+\.\w+\b|\b[a-z]+[A-Z]\w+|\b\w+_\w+|#\d+")
_COMMIT_LINE = re.compile(r"^\W*[0-9a-f]{7,40}\b")
_SLASH_COMMAND = re.compile(r"^\W{0,3}`/[\w:-]+")
"""A hint at a command of the host, such as `/clear`."""
_GLOB = re.compile(r"^\W{0,3}`[^`]*\*[^`]*`")
"""A hint at files to look at: `cat *-PLAN.md`."""
_BANNER = 0.6
"""Share of capitals that makes a heading of a sentence."""
_MEASURED = re.compile(r"\d+(?:[.,]\d+)?\s?(?:%|[a-zA-Z]+)|[$€]\s?\d")


def says_something(text: str, words: Lexicon | None = None) -> bool:
    """Say whether a sentence carries content: no greeting, no announcement, no offer."""
    if len(text) < 8 or text.endswith((":", "?", "...", "…", "：", "？")):  # noqa: RUF001
        return False
    words = words or lexicon_of(text)
    outside = masked(text)
    if any(hint.match(text) for hint in (_COMMIT_LINE, _SLASH_COMMAND, _GLOB)):
        return False
    if _is_banner(outside):
        return False
    if telling(text, words) < 2 and not _NAMED.search(text):
        return False
    if words.noise.match(outside) or words.offer.search(outside) or words.intention.search(outside):
        return False
    rest = without_greeting(text, words)
    only_greets = not rest or (words.opening.match(rest) and len(rest.split()) <= MAX_GREETING)
    return not (only_greets or words.noise.match(masked(rest)))


def _is_banner(text: str) -> bool:
    """Say whether a sentence shouts: `PHASE 14 PLANNED` heads something and tells nothing."""
    letters = [char for char in text if char.isalpha()]
    return len(text.split()) > 1 and sum(map(str.isupper, letters)) > _BANNER * len(letters)


@lru_cache(maxsize=4096)
def weight(statement: Statement) -> float:
    """Return what a statement is worth: 0 for talk, 3 and more for what explains."""
    text, words = statement.text, statement.words
    if not says_something(text, words) or words.offer.search(statement.lead):
        return 0.0
    worth = 1.0
    worth += EXPLAINS * bool(words.cause.search(text))
    worth += EXPLAINS * bool(words.decision.search(text))
    worth += 1.5 * bool(words.contrast.search(text)) + 2.0 * bool(words.rule.search(text))
    worth += 0.5 * min(3, len(_NAMED.findall(text))) + 0.5 * bool(_MEASURED.search(text))
    worth -= 2.0 * bool(words.hedge.search(text))
    worth += 0.5 * (telling(text, words) > 6)
    return max(worth, 0.1)


def explains(statement: Statement) -> bool:
    """Say whether a statement gives a cause or a decision, and does not guess."""
    text, words = statement.text, statement.words
    given = words.cause.search(text) or words.decision.search(text)
    return bool(given) and not words.hedge.search(text)


def finds_cause(statement: Statement) -> bool:
    """Say whether a statement gives a cause without guessing, and names the thing."""
    text, words = statement.text, statement.words
    named = _NAMED.search(text) or _MEASURED.search(text)
    return bool(named and words.cause.search(text)) and not words.hedge.search(text)


def decides(statement: Statement) -> bool:
    """Say whether a statement tells what was chosen."""
    text, words = statement.text, statement.words
    return bool(words.decision.search(text)) and not words.hedge.search(text)
