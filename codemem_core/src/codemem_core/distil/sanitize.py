"""Text without the characters that hide or reorder what a person would read."""

from __future__ import annotations

import re

# Controls but tab and newline, soft hyphen, joiners and fillers, zero-width and direction marks,
# variation selectors, lone surrogates, musical and shorthand controls, and the tag characters that
# carry an invisible ASCII text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def plain(text: str) -> str:
    """Return the text with hidden characters removed; what is left encodes as UTF-8."""
    return _HIDDEN.sub("", text)
