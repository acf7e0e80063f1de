"""Whether a later text says anew what an earlier one says.

On the hook path: `re` beside modules that are on it.
"""

from __future__ import annotations

import re

from codemem_core.retrieval.pack.excerpt import stems

_SHARED = 2
"""Telling words that two texts share when they may speak of the same thing."""
_SAME = 3
"""Telling words that a later sentence shares with what it says anew."""
_DENIES = re.compile(
    r"(?i)\b(?:not|no|never|none|without|undo(?:ne)?|wrong|again|cannot|nicht|kein\w*|nie|wieder|nunca|sin"
    r"|jamais|sans|pas|não|нет|не|без)\b|n't\b|不|没|別|ない|ません"
)
_NUMBER = re.compile(r"\d[\d.,_]*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")  # noqa: RUF001
_CHANGES = re.compile(
    r"(?i)\b(?:instead|no longer|not any ?more|renam|revert|roll(?:ed|ing)? back|back to|amend"
    r"|supersed|replac|chang(?:e[ds]|ing)\b|updat|drop(?:ped|ping|s)?\b|remov|switch|from now on"
    r"|statt|nicht mehr|zurück|umbenannt|ersetzt|en vez|ya no|au lieu|plus de)"
    r"|不再|改为|改成|替换|取代|やめ|変更|代わりに"
)


def changes(later: str, earlier: str) -> bool:
    """Say whether a later text, of a session on the same subject, says anew what an earlier says.

    It shares three telling words in a sentence, or two beside a word of change, another number, or
    a denial where the earlier text denies nothing.
    """
    words, numbers = stems(earlier), set(_NUMBER.findall(earlier))
    denies = _DENIES.search(earlier) is not None
    for sentence in _SENTENCE.split(later):
        shared = len(words & stems(sentence))
        if shared >= _SAME or (
            shared >= _SHARED
            and (
                _CHANGES.search(sentence)
                or (numbers and set(_NUMBER.findall(sentence)) - numbers)
                or (not denies and _DENIES.search(sentence))
            )
        ):
            return True
    return False
