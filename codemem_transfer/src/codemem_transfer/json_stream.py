"""Read a large JSON file piece by piece: memory is bounded by its largest element."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

from codemem_core.errors import UnusableFile

MOST_CHARS = 4 * 1024 * 1024
"""The largest element; `[[],[],…]` of this size takes 90 MB as Python objects."""
_CHUNK = 64 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"SQLite format 3\0": "an SQLite database",
}


def elements(file: BinaryIO, *, lists: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield what a JSON document holds, in its order, as `(name, value)`.

    Of an object: its members, and of the members named in `lists` each element by itself. Of a
    list: its elements, with an empty name. Raises `UnusableFile` for what is not JSON, nested too
    deep or has too large an element; what was yielded before stands.
    """
    text = _Text(file)
    yield from _document(text, lists, nested=False)
    if text.peek():
        raise text.wrong("something follows the end")


def documents(
    file: BinaryIO, *, lists: Collection[str] = ()
) -> Iterator[Iterator[tuple[str, Any]]]:
    """Yield what each document of a file holds: of one, or of JSON Lines.

    As `elements`, but what stands in a list has an empty name, whichever list it is, and a member
    named in `lists` may also be an object that holds one. Use up each iterator before the next.
    """
    text = _Text(file)
    yield _document(text, lists, nested=True)
    while text.peek():
        yield _document(text, lists, nested=True)


def _document(text: _Text, lists: Collection[str], *, nested: bool) -> Iterator[tuple[str, Any]]:
    if text.peek() == "[":
        yield from _list(text, "")
    elif text.peek() == "{":
        yield from _members(text, lists, nested=nested)
    else:
        raise text.wrong("neither an object nor a list")


def _members(text: _Text, lists: Collection[str], *, nested: bool) -> Iterator[tuple[str, Any]]:
    text.take("{")
    more = text.peek() != "}"
    while more:
        name = text.value()
        if not isinstance(name, str):
            raise text.wrong("a name is not text")
        text.take(":")
        if name in lists and text.peek() == "[":
            yield from _list(text, "" if nested else name)
        elif name in lists and nested and text.peek() == "{":
            yield from _members(text, lists, nested=True)
        elif name in lists and not nested:
            raise UnusableFile(f"not a list: `{name}`")
        else:
            yield name, text.value()
        more = text.peek() != "}"
        if more:
            text.take(",")
    text.take("}")


def _list(text: _Text, name: str) -> Iterator[tuple[str, Any]]:
    text.take("[")
    more = text.peek() != "]"
    while more:
        yield name, text.value()
        more = text.peek() != "]"
        if more:
            text.take(",")
    text.take("]")


class _Text:
    """The part of the text that is being looked at."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._json = json.JSONDecoder(parse_constant=_refuse)
        self._kept, self._at, self._passed, self._ended = "", 0, 0, False
        self._begin()

    def _begin(self) -> None:
        start = self._file.read(_CHUNK)
        for magic, kind in _PACKED.items():
            if start.startswith(magic):
                raise UnusableFile(
                    f"the file cannot be read: this is {kind}, not JSON", hint="unpack it first"
                )
        self._add(start)

    def _add(self, data: bytes) -> None:
        try:
            more = self._decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise UnusableFile("the file cannot be read: not UTF-8 text") from error
        self._passed += self._at
        self._kept, self._at, self._ended = self._kept[self._at :] + more, 0, not data

    def peek(self) -> str:
        """Return the next character that is no space, without taking it; empty at the end."""
        while True:
            space = _SPACE.match(self._kept, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._kept):
                return self._kept[self._at]
            if self._ended:
                return ""
            self._add(self._file.read(_CHUNK))

    def take(self, mark: str) -> None:
        """Step over one character, which must be `mark`."""
        if self.peek() != mark:
            raise self.wrong(f"`{mark}` is missing")
        self._at += 1

    def value(self) -> Any:  # noqa: ANN401 - what JSON holds
        """Read one whole value."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._kept, self._at)
            except RecursionError as error:
                raise self.wrong("nested too deep") from error
            except ValueError as error:
                problem: ValueError | None = error
            else:
                problem = None
                # `12` at the end of what was read may go on with `3`.
                if end < len(self._kept) or self._ended:
                    self._at = end
                    return value
            if self._ended:
                raise self.wrong("not JSON") from problem
            if len(self._kept) - self._at > MOST_CHARS:
                raise self.wrong("not JSON, or an element of more than 4 million characters")
            self._add(self._file.read(max(_CHUNK, len(self._kept) - self._at)))

    def wrong(self, what: str) -> UnusableFile:
        """Return the error that says what is wrong, and where."""
        return UnusableFile(
            f"the file cannot be read: {what}, at character {self._passed + self._at}"
        )


def _refuse(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON
