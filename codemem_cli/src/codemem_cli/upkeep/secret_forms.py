"""A text that must go, in every form in which it may have been stored."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from codemem_core.errors import InputError

LEAST_CHARS = 6
"""A shorter text occurs by chance."""


class Secret:
    """A text that must go, in each of the forms it may have been stored in."""

    def __init__(self, text: str) -> None:
        if len(text.strip()) < LEAST_CHARS:
            raise InputError(
                f"too short to be taken out everywhere: {len(text.strip())} characters",
                hint=f"at least {LEAST_CHARS}; edit the memories that hold it",
            )
        self.forms = tuple(sorted(_forms(text), key=len, reverse=True))
        """As text, longest first: a part of a longer one is not to be replaced before it."""
        self.needles = tuple(form.encode() for form in self.forms)
        self.broken = re.compile(_BREAK.join(map(re.escape, text)))
        """Matches it where lines were wrapped within it."""
        self.broken_bytes = re.compile(self.broken.pattern.encode())
        self.halves = _halves(text)
        """What would still say much of it, had something else cut it in two."""
        self.tag = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")
        """What is left of it in a tag."""


_BREAK = r"(?:(?:\r?\n|\\+[rn])+[ \t>|+#*-]*)?"
"""A line's end, plain or escaped, and what a diff, a quote or a comment begins the next with."""
_LEAST_HALF = 8


def _halves(text: str) -> tuple[str, ...]:
    middle = (len(text) + 1) // 2
    return tuple(half for half in (text[:middle], text[-middle:]) if len(half) >= _LEAST_HALF)


def _forms(text: str) -> set[str]:
    """Return a secret as it is, normalised, encoded, in JSON, and in JSON within JSON."""
    plain = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD"))}
    plain |= {encoded for form in plain for encoded in _encoded(form)}
    inside = _in_json(plain)
    return plain | inside | _in_json(inside)


def _encoded(text: str) -> Iterator[str]:
    """Yield a text as it stands in an address, in HTML, in base64 and as hexadecimal digits."""
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    yield html.escape(text)
    yield text.encode().hex()
    for shift in range(3):
        # What stands before and after it shares characters with its first and last bytes.
        data = b"\0" * shift + text.encode()
        code = base64.b64encode(data).decode().rstrip("=")
        whole = code[(0, 2, 3)[shift] : len(data) * 8 // 6]
        if len(whole) >= _LEAST_HALF:
            yield whole
            yield whole.translate({ord("+"): "-", ord("/"): "_"})


def _in_json(forms: set[str]) -> set[str]:
    return {json.dumps(form, ensure_ascii=a)[1:-1] for form in forms for a in (True, False)}
