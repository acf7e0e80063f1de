"""Change one value in a JSON or JSONC text and leave every other character as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codemem_core.config import jsonc

_SPACE = re.compile(r"\s*")
_REST_OF_LINE = re.compile(r"[ \t]*\r?\n")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A key of an object and its value, by their places in the text."""

    name: str
    start: int
    """Where the key begins."""
    value: int
    end: int
    """Just behind the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    members: tuple[_Member, ...]
    start: int
    """Of its opening brace."""
    close: int
    """Of its closing brace."""

    def member(self, name: str) -> _Member | None:
        """Return a key's member; of several the last, as every parser takes it."""
        return next((each for each in reversed(self.members) if each.name == name), None)


def set_value(text: str, path: Sequence[str], value: object) -> str:
    """Return `text` with the value at `path`, a key for each level of objects.

    Missing objects on the way are made; an empty text is an empty object. Raises `ValueError` for
    a text that is no JSON object, or where something on the way is none.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    if not text.strip():
        text = "{}\n"
    wanted = _with(_loaded(text), path, value)
    plain, place = jsonc.plain(text), _Place(text)
    here = _object(plain, _start(plain))
    for depth, name in enumerate(path):
        member, rest = here.member(name), path[depth + 1 :]
        if member is None:
            text = place.insert(here, name, _nested(rest, value))
            break
        if not rest:
            shown = place.rendered(value, place.indent(member.start))
            text = text[: member.value] + shown + text[member.end :]
            break
        here = _object(plain, member.value)
    return bom + _checked(text, wanted)


def remove(text: str, path: Sequence[str]) -> str:
    """Return `text` without the key at `path`; the same text when it is not there.

    Raises `ValueError` for a text that is no JSON object.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    if not text.strip():
        return bom + text
    wanted = _loaded(text)
    plain, place = jsonc.plain(text), _Place(text)
    here = _object(plain, _start(plain))
    within: Any = wanted
    for name in path[:-1]:
        member, within = here.member(name), within.get(name)
        if member is None or not isinstance(within, dict):
            return bom + text
        here = _object(plain, member.value)
    if within.pop(path[-1], _BOM) is _BOM:
        return bom + text
    for member in reversed(here.members):
        if member.name == path[-1]:
            text = place.cut(here, member)
            plain, place = jsonc.plain(text), _Place(text)
            here = _object(plain, here.start)
    return bom + _checked(text, wanted)


class _Place:
    """The text that is edited, and how its author writes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = "\r\n" if "\r\n" in text else "\n"
        first = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
        self._unit = first[1] if first else "  "

    def indent(self, at: int) -> str:
        """Return the white space that the line at `at` begins with."""
        line = self._text.rfind("\n", 0, at) + 1
        found = re.compile(r"[ \t]*").match(self._text, line)
        return found[0] if found else ""

    def rendered(self, value: object, indent: str) -> str:
        """Return a value as JSON whose further lines stand at `indent`."""
        shown = json.dumps(value, indent=self._unit, ensure_ascii=False)
        return shown.replace("\n", self._line + indent)

    def insert(self, into: _Object, name: str, value: object) -> str:
        """Return the text with a new last member."""
        text = self._text
        outer = self.indent(into.start)
        inner = self.indent(into.members[-1].start) if into.members else outer + self._unit
        if inner == outer and into.members:  # `{"a": 1}` on one line
            inner = outer + self._unit
        shown = f"{json.dumps(name, ensure_ascii=False)}: {self.rendered(value, inner)}"
        end = into.members[-1].end if into.members else into.start + 1
        comma = _comma(text, end, into.close)
        # What stands behind the last member, a comment perhaps, stays there.
        tail = len(text[: into.close].rstrip())
        head = text[:tail]
        if into.members and comma is None:
            head = text[:end] + "," + text[end:tail]
        closing = "" if "\n" in text[tail : into.close] else self._line + outer
        trailing = "," if comma is not None else ""
        return head + self._line + inner + shown + trailing + closing + text[tail:]

    def cut(self, out_of: _Object, member: _Member) -> str:
        """Return the text without a member, its comma and its line."""
        text = self._text
        at = out_of.members.index(member)
        last = at == len(out_of.members) - 1
        limit = out_of.close if last else out_of.members[at + 1].start
        comma = _comma(text, member.end, limit)
        start, end = member.start, member.end if comma is None else comma + 1
        line = text.rfind("\n", 0, start) + 1
        behind = _REST_OF_LINE.match(text, end)
        if behind and not text[line:start].strip():
            start, end = line, behind.end()
        elif not last:
            end += len(_gap(text, end))
        text = text[:start] + text[end:]
        if comma is None and at > 0:  # it was the last: the comma before it goes too
            earlier = out_of.members[at - 1].end
            found = _comma(text, earlier, start)
            if found is not None:
                text = text[:found] + text[found + 1 :]
        return text


def _gap(text: str, at: int) -> str:
    found = re.compile(r"[ \t]*").match(text, at)
    return found[0] if found else ""


def _comma(text: str, start: int, end: int) -> int | None:
    """Return the place of the comma between two places with no value between them."""
    for token in jsonc.tokens(text[start:end]):
        if token.lastgroup == "comma":
            return start + token.start()
    return None


def _start(plain: str) -> int:
    return _skip(plain, 0)


def _skip(plain: str, at: int) -> int:
    found = _SPACE.match(plain, at)
    return found.end() if found else at


def _object(plain: str, start: int) -> _Object:
    """Read the keys of the object that begins at `start`; raises `ValueError` when none does."""
    if plain[start : start + 1] != "{":
        raise ValueError("not an object")
    decoder, members = json.JSONDecoder(), []
    at = _skip(plain, start + 1)
    while plain[at] != "}":
        name, end = decoder.raw_decode(plain, at)
        value = _skip(plain, _skip(plain, end) + 1)
        _, end = decoder.raw_decode(plain, value)
        members.append(_Member(name=name, start=at, value=value, end=end))
        at = _skip(plain, end)
        if plain[at] == ",":
            at = _skip(plain, at + 1)
    return _Object(members=tuple(members), start=start, close=at)


def _loaded(text: str) -> dict[str, Any]:
    value = jsonc.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of the text, not of a caller's value
    return value


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _with(before: dict[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    if len(path) > 1:
        inner = before.get(path[0], {})
        if not isinstance(inner, dict):
            raise ValueError(f"`{path[0]}` is not an object")
        value = _with(inner, path[1:], value)
    return {**before, path[0]: value}


def _checked(text: str, wanted: dict[str, Any]) -> str:
    """Return an edited text that says what it should; raises `ValueError` for any other."""
    if jsonc.loads(text) != wanted:
        raise ValueError("it is written in a way that cannot be edited safely")
    return text
