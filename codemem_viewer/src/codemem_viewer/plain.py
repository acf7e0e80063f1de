"""Tell in some microseconds that a text holds nothing to redact."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from pydantic_core import SchemaValidator, core_schema

from codemem_core.redact.masks import ENDED, SHAPES, TOKEN_CHARS, TOKEN_STARTS, WORDS


def _any_of(words: list[str]) -> str:
    return "|".join(re.sub(r"\W", r"\\\g<0>", word) for word in sorted(words))


def _tokens() -> str:
    """Return a pattern for tokens that begin as a vendor's keys do."""
    by_length = groupby(sorted(TOKEN_STARTS, key=len), key=len)
    kinds = (
        f"(?:{_any_of(list(starts))})[0-9A-Za-z_-]{{{max(0, TOKEN_CHARS - length)}}}"
        for length, starts in by_length
    )
    return rf"(?:(?-u:\b)|\\[nrt]|%[0-9A-Fa-f]{{2}})(?:{'|'.join(kinds)}|{SHAPES})"


def _found(pattern: str) -> Callable[[str], bool]:
    # Rust's `regex`, which pydantic brings, and the MCP server needs pydantic.
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    found: Callable[[str], bool] = SchemaValidator(schema).isinstance_python
    return found


# Apart and in ASCII, 4,000 characters take 11 us. As one pattern, or with the letters of other
# alphabets that have the same capitals, they take 365: the automaton does not fit its cache.
_SUSPICIOUS = (
    _found(f"(?i-u:{_any_of(WORDS)})"),
    _found(_any_of(ENDED)),
    _found(_tokens()),
)
_FOLDED = ("\u0130", "\u212a")
"""The letters beyond ASCII whose small letters are in it: I with a dot, and Kelvin."""


def is_plain(text: str) -> bool:
    """Say of a text what `codemem_core.redact.is_plain` says."""
    if not text.isascii() and any(letter in text for letter in _FOLDED):
        return False
    return not any(found(text) for found in _SUSPICIOUS)
