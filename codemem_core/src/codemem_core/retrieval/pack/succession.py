"""Whether a later text says anew what an earlier one says.

On the hook path: `re` beside modules that are on it.
"""

from __future__ import annotations

import re
from itertools import pairwise

from codemem_core.retrieval.pack.excerpt import stems

_SHARED = 2
"""Telling words that two texts share when they may speak of the same thing."""
_SAME = 3
"""Terms that a later sentence shares with what it says anew."""
_ABOUT = 3
"""One in so many words of a claim stands in what says it anew."""
_TERM = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# Compiled by `re` when first used: 1 ms, and most prompts compare nothing.
_DENIES = (
    r"(?i)\b(?:not|no|never|none|without|undo(?:ne)?|wrong|again|cannot|nicht|kein\w*|nie|wieder|nunca|sin"
    r"|jamais|sans|pas|não|нет|не|без)\b|n't\b|不|没|別|ない|ません"
)
_NUMBER = re.compile(r"\d[\d.,_]*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")  # noqa: RUF001
_CHANGES = (
    r"(?i)\b(?:instead|no longer|not any ?more|renam|revert|roll(?:ed|ing)? back|back to|amend"
    r"|supersed|replac|chang(?:e[ds]|ing)\b|updat|drop(?:ped|ping|s)?\b|remov|switch|from now on"
    r"|\bnow\b|statt|nicht mehr|zurück|umbenannt|ersetzt|en vez|ya no|au lieu|plus de)"
    r"|不再|改为|改成|替换|取代|やめ|変更|代わりに"
)


def changes(later: str, earlier: str, *, claim: str = "") -> bool:
    """Say whether a later text, of a session on the same subject, says anew what an earlier says.

    A sentence shares three telling words with it; or two in a row share two, beside a word of
    change, another number, or a denial where the earlier text denies nothing. With a `claim`, what
    the earlier text is about, a third of its words must be among those shared.
    """
    words, numbers = stems(earlier), set(_NUMBER.findall(earlier))
    subject = stems(claim)
    denies = re.search(_DENIES, earlier) is not None
    sentences = [part for part in _SENTENCE.split(later) if part]
    for first, second in pairwise([*sentences, ""]):
        both = f"{first}\n{second}"
        found = stems(both)
        if _ABOUT * len(found & subject) < len(subject):
            continue
        if _shared_terms(first, words) >= _SAME:
            return True
        if len(words & found) >= _SHARED and (
            re.search(_CHANGES, both)
            or (numbers and set(_NUMBER.findall(both)) - numbers)
            or (not denies and re.search(_DENIES, both))
        ):
            return True
    return False


def _shared_terms(sentence: str, words: set[str]) -> int:
    """Return how many terms of a sentence are among `words`; `type-ahead` is one."""
    terms = map(stems, set(_TERM.findall(sentence)))
    return sum(bool(term) and term <= words for term in terms)
