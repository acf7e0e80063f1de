"""Private keys: in their frame, cut out of it, and as lines of base64 alone."""

from __future__ import annotations

import re

from codemem_core.redact.table import TABLE, compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = TABLE["keys"]
_FRAMED_CHARS = 32_768
"""No key is longer; a frame that is not closed within ends where its lines do."""


_RUN = re.compile("[A-Za-z0-9+/]{64}")
"""Stands in the shortest line that can only be a key's."""


class FramedKey:
    """A key after its `-----BEGIN … PRIVATE KEY-----`, as a rule of the word `begin `."""

    kind = "private-key"

    def __init__(self) -> None:
        # Of the last search: the text, where it began, and the end of a frame that it found.
        self._searched: tuple[str, int, tuple[int, int] | None] = ("", 0, None)

    def find(self, text: str, at: int) -> tuple[int, int] | None:
        """Return where the key lies, frame included; None where code only names the frame."""
        dashes = compiled(r"-+ ?$").search(text[max(0, at - 6) : at])
        begin = compiled(_KEYS["begin"]).match(text, at)
        if not dashes or not begin or not compiled(_KEYS["first"]).match(text, begin.end()):
            return None
        end = self._next_end(text, begin.end())
        is_near = end is not None and end[0] - begin.end() < _FRAMED_CHARS
        return at - len(dashes[0]), end[1] if end and is_near else _last_line(text, begin.end())

    def _next_end(self, text: str, at: int) -> tuple[int, int] | None:
        """Return the next end of a frame; the last answer holds for what begins before it."""
        same, begun, end = self._searched
        if same is not text or begun > at or (end is not None and end[0] < at):
            match = compiled(_KEYS["end"]).search(text, at)
            end = match.span() if match else None
            self._searched = (text, at, end)
        return end


def _last_line(text: str, at: int) -> int:
    """Return where the lines of a key end that was cut off."""
    while match := compiled(_KEYS["line"]).match(text, at):
        at = match.end()
    return at


def key_lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield where lines of base64 lie that are no certificate's and no public key's."""
    if len(text) < 64 or not _RUN.search(text):
        return
    public = [match.span() for match in compiled(_KEYS["public"]).finditer(text)]
    end = 0
    for match in compiled(_KEYS["block"], ignore_case=False).finditer(text):
        start, stop = match.span("secret")
        while public and public[0][1] <= start:
            public.pop(0)
        if start < end or (public and public[0][0] < start):
            continue
        end = max(stop, _last_line(text, stop))
        yield start, end
