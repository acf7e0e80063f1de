"""A text that must go, in every form in which it may have been stored."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from mmap import mmap
from urllib.parse import quote, quote_plus

from codemem_core.errors import InputError

LEAST_CHARS = 6
"""A shorter text occurs by chance."""
MARK = "[PURGED]"


class Secret:
    """A text that must go, in each of the forms it may have been stored in."""

    def __init__(self, text: str) -> None:
        if len(text.strip()) < LEAST_CHARS:
            raise InputError(
                f"too short to be taken out everywhere: {len(text.strip())} characters",
                hint=f"at least {LEAST_CHARS}; edit the memories that hold it",
            )
        codes, forms = _forms(text)
        self._forms = forms
        self._needles = tuple(form.encode() for form in forms)
        written = _as_written(text)
        encoded = "|".join(map(_with_edges, codes)) or "(?!)"
        self._written, self._written_bytes = _compiled(written)
        self._encoded, self._encoded_bytes = _compiled(encoded)
        self.halves = tuple(re.compile(re.escape(half.encode()), re.I) for half in _halves(text))
        """What would still say much of it, had something else cut it in two."""
        self.tag = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")
        """What is left of it in a tag."""

    def is_in(self, value: str | bytes | mmap) -> bool:
        """Say whether any form of it is in a text, in bytes or in a file."""
        # Twenty to a hundred searches for a text take less than one for a pattern of them all.
        if isinstance(value, str):
            return any(form in value for form in self._forms) or bool(self._written.search(value))
        found = any(value.find(needle) >= 0 for needle in self._needles)
        return found or bool(self._written_bytes.search(value))

    def taken_out(self, text: str) -> str:
        """Return a text with `[PURGED]` in the place of every form of it."""
        text = self._encoded.sub(MARK, text)
        for form in self._forms:
            text = text.replace(form, MARK)
        return self._written.sub(MARK, text)

    def taken_out_of_bytes(self, data: bytes) -> bytes:
        """Return the bytes of a file with `[PURGED]` in the place of every form of it."""
        mark = MARK.encode()
        data = self._encoded_bytes.sub(mark, data)
        for needle in self._needles:
            data = data.replace(needle, mark)
        return self._written_bytes.sub(mark, data)


_UNSEEN = "|".join(c + rf"|\\+u{ord(c):04x}" for c in "\u00ad\u200b\u200c\u200d\u2060\ufeff")
_LINE_END = r"(?:\r?\n|\\+[rn])+[ \t>|+#*-]*"
_BREAK = f"(?:{_UNSEEN}|{_LINE_END})?"
"""What is not seen within a word; or a line's end, plain or escaped, and what a diff, a quote or a
comment begins the next line with."""
_LEAST_HALF = 8


def _halves(text: str) -> tuple[str, ...]:
    middle = (len(text) + 1) // 2
    return tuple(half for half in (text[:middle], text[-middle:]) if len(half) >= _LEAST_HALF)


# --- as people write it --------------------------------------------------------------------------


def _as_written(text: str) -> str:
    """Return a pattern of a text in either case, in every normal form and width, and wrapped."""
    same = _same_characters()
    return _BREAK.join(
        _one_of(same.get(_folded(char), (char,)), char)
        for char in unicodedata.normalize("NFKC", text)
    )


def _one_of(chars: tuple[str, ...], char: str) -> str:
    if char in "\"'\\/":
        return rf"\\*{re.escape(char)}" if char != "\\" else r"\\+"  # JSON in JSON
    if char == " ":
        return f"(?:{_LINE_END}|[ \\t]+|\u00a0)"
    ways = {form for c in {char, *chars} for form in (c, unicodedata.normalize("NFD", c))}
    return f"(?:{'|'.join(way for c in sorted(ways, key=len, reverse=True) for way in _ways(c))})"


def _ways(char: str) -> Iterator[str]:
    yield re.escape(char)
    if not char.isascii():  # in JSON, and JSON in JSON: two escapes beyond U+FFFF
        escaped = json.dumps(char)[1:-1]
        yield re.sub(r"\\u(....)", r"\\\\+u\1", escaped)


_PLANES = 0x30000
"""Beyond these are no letters."""


def _folded(char: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())


@functools.cache
def _same_characters() -> Mapping[str, tuple[str, ...]]:
    """Return, by a letter, that letter in either case and any width."""
    same: dict[str, list[str]] = {}
    for number in range(_PLANES):
        folded = _folded(chr(number))
        if len(folded) == 1:
            same.setdefault(folded, []).append(chr(number))
    return {meaning: tuple(chars) for meaning, chars in same.items() if len(chars) > 1}


def _compiled(pattern: str) -> tuple[re.Pattern[str], re.Pattern[bytes]]:
    """Return a pattern for text and for UTF-8; a class may hold ASCII only."""
    return re.compile(pattern), re.compile(pattern.encode())


# --- as programs write it ------------------------------------------------------------------------


def _forms(text: str) -> tuple[set[str], tuple[str, ...]]:
    """Return its base64 codes; and all its forms, plain, normalised, encoded, in JSON of JSON.

    Longest first: a part of a longer one is not to be replaced before it.
    """
    plain = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD"))}
    codes = {code for form in plain for code in _base64(form)}
    plain |= codes | {encoded for form in plain for encoded in _encoded(form)}
    inside = _in_json(plain)
    forms = plain | inside | _in_json(inside)
    return codes, tuple(sorted(forms, key=len, reverse=True))


def _encoded(text: str) -> Iterator[str]:
    """Yield a text as it stands in an address, in HTML, and as hexadecimal digits."""
    data = text.encode()
    every = "".join(f"%{byte:02X}" for byte in data)
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text), every):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    yield html.escape(text)
    yield html.escape(text).replace("&#x27;", "&#39;")
    escaped = "".join(rf"\x{byte:02x}" for byte in data)
    for digits in (data.hex(), data.hex(" "), data.hex(":"), escaped):
        yield digits
        yield digits.upper().replace("X", "x")


def _base64(text: str) -> Iterator[str]:
    """Yield what base64 makes of a text wherever it stands in what is encoded."""
    for encoding in ("utf-8", "utf-16-le"):  # PowerShell's is the second
        for shift in range(3):
            # What stands before and after it shares characters with its first and last bytes.
            data = b"\0" * shift + text.encode(encoding)
            code = base64.b64encode(data).decode().rstrip("=")
            whole = code[(0, 2, 3)[shift] : len(data) * 8 // 6]
            if len(whole) >= _LEAST_HALF:
                yield whole
                yield whole.translate({ord("+"): "-", ord("/"): "_"})


def _with_edges(code: str) -> str:
    """Return a pattern of a code that may be wrapped, with the characters that it shares."""
    wrapped = r"(?:\r?\n|\\+[rn])*".join(map(re.escape, code))
    return f"[A-Za-z0-9+/_-]?{wrapped}[A-Za-z0-9+/_-]?=*"


def _in_json(forms: set[str]) -> set[str]:
    return {json.dumps(form, ensure_ascii=a)[1:-1] for form in forms for a in (True, False)}
