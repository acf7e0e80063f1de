"""Keep images and other binary data by size and hash: nobody reads their base64."""

from __future__ import annotations

import hashlib
import re

LEAST_CHARS = 2048
"""Shorter runs stay: tokens, hashes and small icons are not what fills a disk."""
_BLOCK = LEAST_CHARS // 2
_LETTER = r"(?:[A-Za-z0-9+/_-]|\\/)"
# The look-behind begins each run once; without it a run just too short is tried from every letter.
_RUN = re.compile(rf"(?<![A-Za-z0-9+/_-])(?<!\\/){_LETTER}{{{LEAST_CHARS},}}={{0,2}}")
_LINES = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{60,80}(?:\r?\n|\\n)){24,}[A-Za-z0-9+/]{0,80}={0,2}"
)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_MIXED = tuple(re.compile(part) for part in ("[a-z]", "[A-Z]", "[0-9]"))


def without_binary(text: str) -> str:
    """Return text with each long run of base64 or hexadecimal digits replaced by a mark.

    The mark names the size in bytes and the SHA-256 of the characters, so the same data is
    recognised as the same.
    """
    return _LINES.sub(_mark, _RUN.sub(_mark, text)) if has_binary(text) else text


def has_binary(text: str) -> bool:
    """Say whether a text may hold binary data; a thousand times quicker than looking for it."""
    # A run of twice the length holds one of these blocks whole, and no blank or quote is in it.
    return len(text) >= LEAST_CHARS and any(
        " " not in (block := text[start : start + _BLOCK]) and '"' not in block
        for start in range(0, len(text) - _BLOCK + 1, _BLOCK)
    )


def _mark(found: re.Match[str]) -> str:
    data = found[0]
    if _HEX.fullmatch(data):
        size = len(data) // 2 if len(set(data[:512])) > 10 else 0
    else:
        size = len(data) * 3 // 4 if all(part.search(data) for part in _MIXED) else 0
    if not size:
        return data  # a ruler, or one letter many times
    return f"[binary data: {size} bytes, sha256 {hashlib.sha256(data.encode()).hexdigest()[:16]}]"
