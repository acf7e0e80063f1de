"""Text without the characters that hide or reorder what a person would read."""

from __future__ import annotations

import re

# C0 but tab and newline, C1, zero-width and bidi marks, lone surrogates, and the tag characters
# that carry an invisible ASCII text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """Return the text with hidden characters removed; what is left encodes as UTF-8."""
    return _HIDDEN.sub("", text)
