"""Find secrets and put `[REDACTED:kind:id]` in their place.

One pass goes over the tokens of a text, for keys that their issuer marks, and one over its telling
words. Every pattern begins at what was found and looks a bounded way ahead, so that time grows with
the text. A second round looks at what the first one left; it settles at once.
"""

from __future__ import annotations

import math
import os
import re
from functools import cache

from codemem_core.redact.key_blocks import FramedKey, key_lines
from codemem_core.redact.names import is_harmless, is_secret, named_secret, promise
from codemem_core.redact.table import TABLE, Finder, compiled, rules, vendor_starts
from codemem_core.redact.walk import map_leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    Json: TypeAlias = Any  # what `json.loads` returns

_PROCESS_KEY = os.urandom(16)
_SHORTEST = 8  # `pwd=x123` and `://:abc@`
_SHORTEST_KEY = 16
_ROUNDS = 3
_COST_OF_TOKEN = 0.125
"""To look at a token, of what it costs to look at a telling word."""
TOKEN_CHARS = 16
_TOKEN = re.compile(rf"(?<![\w-])[\w-]{{{TOKEN_CHARS},}}", re.ASCII)
_ESCAPES = {"\\": re.compile(r"[nrt]"), "%": re.compile(r"[0-9A-Fa-f]{2}")}
_STARTS = vendor_starts()
_IS_TOKEN = re.compile(r"[\w-]+", re.ASCII)
_INSIDE = re.compile(r"(?<!\\)(?<!%[0-9A-Fa-f])[\w-]\Z", re.ASCII)
"""Ends a text that goes on with the same word."""
TOKEN_STARTS = sorted(filter(_IS_TOKEN.fullmatch, _STARTS), key=len, reverse=True)
"""What a vendor's keys begin with, the longest first."""
ENDED = [start for start in _STARTS if start not in TOKEN_STARTS]
"""Starts such as `hvs.`, which end before the token."""
_LENGTHS: dict[str, list[int]] = {}
"""How long the starts are that begin with two characters, the longest first."""
for _start in TOKEN_STARTS:
    if len(_start) not in _LENGTHS.setdefault(_start[:2], []):
        _LENGTHS[_start[:2]].append(len(_start))
_MARKS = frozenset({*(start[-1] for start in ENDED), *_ESCAPES})
_STRETCH = 160
"""Characters looked at together, where a text is looked at in parts."""
_LONG = 36
"""Characters of the shortest token of `tokens`."""
SHAPES = "|".join(row["pattern"] for row in TABLE["tokens"])
"""Tokens that are known as a whole."""
_RULES = rules()
_NAME_WORDS = frozenset(TABLE["names"]["words"])
_KEY_CONTEXT = frozenset(TABLE["keys"]["words"])
for _word in (*_NAME_WORDS, *_KEY_CONTEXT):
    _RULES.setdefault(_word, [])
_RULES["begin "] = [FramedKey()]
WORDS = [*_RULES, "private", "\\u", "\\/"]
"""Lower case. What is not plain holds one of them, or a token; `\\u` and `\\/` hide characters."""


class Shortcut:
    """What spares `redact` a closer look: a quick `is_plain`, and texts that were looked at.

    One object for one event, which is looked at as it came in and again as its source read it.
    """

    __slots__ = ("key_expected", "plain", "settled")

    def __init__(self, plain: Callable[[str], bool]) -> None:
        self.plain = plain
        self.settled: set[str] = set()
        """Texts that nothing is to be replaced in, whatever stands beside them."""
        self.key_expected = False
        """One of them speaks of private keys."""


def redact(
    value: Json,
    *,
    key: bytes = _PROCESS_KEY,
    most: float = math.inf,
    shortcut: Shortcut | None = None,
) -> tuple[Json, int]:
    """Return a JSON value with its secrets replaced, and how many were replaced.

    `most` is how often something may look like a secret; what lies beyond is left out, and marked.
    With a `shortcut` the result is the same, sooner.

    The same secret gets the same id under the same `key` (at most 64 bytes; give the key of this
    installation to recognise secrets across processes). Redacting again changes nothing. Never
    raises for what `json.loads` returns, whatever its depth.
    """
    masks = _Masks(key, most, shortcut)
    clean = map_leaves(value, masks.leaf)
    if masks.key_expected:
        clean = map_leaves(clean, masks.key_lines)
    if shortcut is not None:
        shortcut.key_expected = masks.key_expected
    return clean, masks.count


def is_plain(text: str) -> bool:
    r"""Say whether `redact` and `strip_private` would leave the JSON value of this text as it is.

    `text` is what `json.dumps(value, ensure_ascii=False)` returns. False is no verdict: it wants a
    closer look, as a text does that hides characters behind `\\u`.
    """
    lowered = _lowered(text)
    if "private" in lowered or "\\u" in text or "\\/" in text or _finder().pattern.search(lowered):
        return False
    return not any(
        any(_starts_in(text, token.start())) or _shaped_at(text, token)
        for token in _TOKEN.finditer(text)
    )


@cache
def _finder() -> Finder:
    return Finder(list(_RULES))


def _lowered(text: str) -> str:
    lowered = text.lower()
    # The only character that grows: positions must stay what they are.
    return lowered if len(lowered) == len(text) else text.replace("\u0130", "I").lower()


def _begins(text: str, at: int) -> list[int]:
    r"""Return where a token may begin: also after an escape, as in `\nTOKEN` and `%3DTOKEN`."""
    escape = _ESCAPES.get(text[at - 1]) if at else None
    skipped = escape.match(text, at) if escape else None
    return [at, skipped.end()] if skipped else [at]


def _starts_in(text: str, at: int) -> Iterator[tuple[int, str]]:
    """Yield what a token begins with that keys of a vendor begin with, and where; longest first."""
    for begin in _begins(text, at):
        for length in _LENGTHS.get(text[begin : begin + 2], ()):
            if (start := text[begin : begin + length]) in _STARTS:
                yield begin, start
    if at and text[at - 1] in _MARKS:
        near = text[max(0, at - 16) : at]
        yield from ((at - len(start), start) for start in ENDED if _ends(near, start))


def _ends(text: str, start: str) -> bool:
    """Say whether a text ends with `start`, which does not continue another word."""
    return text.endswith(start) and not _INSIDE.search(text[: -len(start)])


class _Masks:
    """Finds secrets, puts placeholders in their place and counts them."""

    def __init__(self, key: bytes, most: float, shortcut: Shortcut | None) -> None:
        self.count = 0
        self._left = most
        self._shortcut = shortcut
        self.key_expected = shortcut is not None and shortcut.key_expected
        """Something speaks of private keys, so that lines of base64 may be one."""
        self._key = key

    def leaf(self, name: str, item: Json) -> Json:
        """Return the leaf of a JSON value as it may be written; `name` is the key it lies under."""
        if isinstance(item, str):
            if name and promise(name):
                return self._named_leaf(name, item)
            # Most keys of objects, and a good part of what they hold.
            return item if item.isidentifier() and len(item) < _SHORTEST_KEY else self._text(item)
        if isinstance(item, bool) or not isinstance(item, int | float):
            return item
        # A number is a count (`token: 12`), unless a password is wanted.
        is_wanted = "passw" in name.lower() and promise(name) == 2
        return self._mask("key", str(item)) if is_wanted else item

    def key_lines(self, _name: str, item: Json) -> Json:
        """Return a leaf without lines that can only be a private key's."""
        if not isinstance(item, str):
            return item
        return self._replaced(item, [(*span, "private-key") for span in key_lines(item)])

    def _named_leaf(self, name: str, text: str) -> str:
        if promise(name) == 2:
            return text if not text.strip() or is_harmless(text) else self._mask("key", text)
        return self._mask("key", text) if is_secret(name, text, "leaf") else self._text(text)

    def _text(self, text: str) -> str:
        settled = self._shortcut.settled if self._shortcut else ()
        if len(text) < _SHORTEST or text in settled:
            return text
        for _ in range(_ROUNDS):
            before, text = text, self._once(text)
            if text is before or self._left < 0:
                break
        if self._shortcut and self._left >= 0:
            self._shortcut.settled.add(text)
        return text

    def _once(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        spans = self._suspicious(text)
        if not spans:
            return text
        clean = self._replaced(text, self._issued(text, spans))
        if clean is not text:
            spans = self._suspicious(clean)
        return self._replaced(clean, self._told(clean, _lowered(clean), spans))

    def _suspicious(self, text: str) -> list[tuple[int, int]]:
        """Return the stretches, of whole lines, that may hold a secret or tell of one."""
        if self._shortcut is None:
            return [(0, len(text))]
        plain = self._shortcut.plain
        if plain(text):
            return []
        return [span for span in _stretches(text) if not plain(text[slice(*span)])]

    def _issued(
        self, text: str, spans: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the keys that their issuer marks."""
        end = 0
        for token in (token for span in spans for token in _TOKEN.finditer(text, *span)):
            at, stop = token.span()
            likely = text[at : at + 2] in _LENGTHS or text[at - 1 : at] in _MARKS
            if at < end or not (likely or stop - at >= _LONG):
                continue
            self._left -= _COST_OF_TOKEN
            if self._left < 0:
                yield at, len(text), ""
                return
            if found := _issued_at(text, token):
                yield found
                end = found[1]

    def _told(
        self, text: str, lowered: str, spans: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the secrets that something beside them tells."""
        end = named = 0
        for at, word in (found for span in spans for found in _finder().words(lowered, *span)):
            if at < end:
                continue
            self._left -= 1
            if self._left < 0:
                yield at, len(text), ""
                return
            self.key_expected |= word in _KEY_CONTEXT
            found = _placed(text, at, word, end)
            if not found and at >= named and word in _NAME_WORDS:
                named, span = named_secret(text, at)
                found = (*span, "key") if span else None
            if found:
                yield found
                end = found[1]

    def _replaced(self, text: str, spans: Iterable[tuple[int, int, str]]) -> str:
        kept, end = [], 0
        for start, stop, kind in spans:
            kept += [text[end:start], self._mask(kind, text[start:stop])]
            end = stop
        return "".join([*kept, text[end:]]) if kept else text

    def _mask(self, kind: str, secret: str) -> str:
        from hashlib import blake2b  # noqa: PLC0415  # most events hold no secret and need not wait

        if not kind:
            return f"\n[codemem: {len(secret)} more characters]"
        self.count += 1
        digest = blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=2, key=self._key)
        return f"[REDACTED:{kind}:{digest.hexdigest()}]"


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Yield where lines begin and end, some hundred characters together; no word spans two."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _STRETCH)
        stop = len(text) if end < 0 else end + 1
        yield start, stop
        start = stop


def _placed(text: str, at: int, word: str, end: int) -> tuple[int, int, str] | None:
    """Return the secret that a word at `at` tells, unless it begins before `end`; and its kind."""
    for rule in _RULES[word]:
        span = rule.find(text, at)
        if span and span[0] >= end and not is_harmless(text[span[0] : span[1]]):
            return (*span, rule.kind)
    return None


def _issued_at(text: str, token: re.Match[str]) -> tuple[int, int, str] | None:
    """Return where the key lies that a token belongs to, and its kind."""
    for at, start in _starts_in(text, token.start()):
        for kind, rest in _STARTS[start]:
            match = compiled(rest, ignore_case=False).match(text, at + len(start))
            if match:
                return at, match.end(), kind
    return _shaped_at(text, token)


def _shaped_at(text: str, token: re.Match[str]) -> tuple[int, int, str] | None:
    end = token.end()
    for at in _begins(text, token.start()) if end - token.start() >= _LONG else ():
        if compiled(SHAPES, ignore_case=False).fullmatch(text, at, end):
            return at, end, "vendor"
    return None
