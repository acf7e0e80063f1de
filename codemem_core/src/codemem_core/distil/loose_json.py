"""JSON as models write it by hand: what a strict parser refuses is read as it was meant.

Trailing commas, single quotes, unquoted keys, raw line breaks and quotation marks inside texts,
comments, and an end that never comes. Nothing raises; every step moves on.
"""

from __future__ import annotations

import json
import re
from typing import Any

_BLANK = re.compile(r"(?:[\s,]|//[^\n]{0,500})*+")
_KEY = re.compile(r"""["']?([\w-]{1,60})["']?\s{0,20}:""")
_BARE = re.compile(r"[^,\]}\n]{1,500}")
_STOP = re.compile(r"""\\|["']""")
_ENDS = re.compile(
    r"""\s{0,200}(?:[}\]]|\Z|,\s{0,200}(?:["'{\[}\]]|-?\d|true\b|false\b|null\b|[\w-]{1,60}\s{0,20}:|\Z))"""
)
"""What follows a quotation mark that ends a text; any other is part of it."""
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}
_DEEPEST = 12


def read_loose(text: str, at: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that begins at a place, as far as it goes."""
    return _Reader(text, at).value(0)


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._at = at

    def value(self, depth: int) -> Any:  # noqa: ANN401
        self._skip_blank()
        sign = self._text[self._at : self._at + 1]
        if sign in {"{", "["} and depth < _DEEPEST:
            self._at += 1
            return self._object(depth) if sign == "{" else self._list(depth)
        if sign in {'"', "'"}:
            return self._string(sign)
        return self._bare()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._closes("}"):
            key = _KEY.match(self._text, self._at)
            if key is None:
                self._bare()
                continue
            self._at = key.end()
            found[key[1]] = self.value(depth + 1)
        return found

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not self._closes("]"):
            found.append(self.value(depth + 1))
        return found

    def _closes(self, sign: str) -> bool:
        """Step over the end of an object or list; the end of the text ends all of them."""
        self._skip_blank()
        here = self._text[self._at : self._at + 1]
        self._at += here == sign
        return here in {"", sign}

    def _string(self, quote: str) -> str:
        start = self._at + 1
        at = start
        while found := _STOP.search(self._text, at):
            at = found.end() + (found[0] == "\\")
            if found[0] == quote and _ENDS.match(self._text, at):
                self._at = at
                return _unescaped(self._text[start : at - 1])
        self._at = len(self._text)
        return ""  # cut off in the middle: half a title is none

    def _bare(self) -> Any:  # noqa: ANN401
        found = _BARE.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        word = found[0].strip() if found else ""
        return _CONSTANTS.get(word.lower(), word)

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at


def _unescaped(raw: str) -> str:
    """Resolve a text's escapes; one that is none stays as it stands."""
    if "\\" not in raw:
        return raw
    quoted = re.sub(r'\\(.)|"', lambda m: m[0] if m[1] else '\\"', raw, flags=re.DOTALL)
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError:
        return raw
