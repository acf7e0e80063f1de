"""The XML form of an observer's reply, read the way a patient person would.

Models write XML by hand: raw `&` and `<`, unclosed last blocks, fences, quoted examples. So only
the documented element names are markup and everything else is text; an element with its own end
tag keeps whatever stands inside as text, one without ends at the next known tag. Every step looks
at each character a bounded number of times, and nothing recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemem_core.distil.reply import LISTS, TEXTS, Block, Blocks

_BLOCKS = frozenset({"observation", "summary"})
_ENTRIES = frozenset(LISTS.values())
_NAMES = sorted(_BLOCKS | TEXTS | LISTS.keys() | _ENTRIES | {"skip_summary"})
# Every repetition is capped and gives nothing back: a start tag costs the same however it goes on.
_ATTRIBUTE = r"""\s{1,20}+[\w:-]{1,40}+\s{0,9}+=\s{0,9}+(?:"[^"]{0,300}"|'[^']{0,300}')"""
_TAG = re.compile(
    rf"<!\[CDATA\[|<(?P<end>/?)(?P<name>{'|'.join(_NAMES)})\b"
    rf"(?P<attributes>(?:{_ATTRIBUTE}){{0,9}}+)\s{{0,20}}+(?P<empty>/?)>"
)
_REASON = re.compile(r"""\breason\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_LINE_START = re.compile(r"^\s*(?:[-*•]\s+)?")


@dataclass(slots=True)
class _Tag:
    name: str
    start: int
    stop: int
    ends: bool = False
    empty: bool = False
    reason: str = ""
    partner: int = -1
    """Index of the end tag that closes this one, or -1."""


def read_xml(text: str) -> Blocks:
    """Return the blocks of a reply in XML; empty when there is none."""
    tags = list(_tags(text))
    _pair(tags)
    return _Reader(text, tags).read()


def _tags(text: str) -> Iterator[_Tag]:
    """Yield the known tags outside CDATA, in order."""
    at = 0
    cdata_closes = True
    while found := _TAG.search(text, at):
        at = found.end()
        if found["name"]:
            reason = _REASON.search(found["attributes"])
            yield _Tag(
                name=found["name"],
                start=found.start(),
                stop=at,
                ends=bool(found["end"]),
                empty=bool(found["empty"]),
                reason=unescape(reason[1] or reason[2] or "") if reason else "",
            )
        elif cdata_closes:
            close = text.find("]]>", at)
            cdata_closes = close >= 0
            at = close + 3 if cdata_closes else at


def _pair(tags: list[_Tag]) -> None:
    """Join each start tag to its end tag; a tag of another name in between does not matter."""
    open_tags: dict[str, list[_Tag]] = {}
    for index, tag in enumerate(tags):
        waiting = open_tags.setdefault(tag.name, [])
        if tag.ends:
            if waiting:
                waiting.pop().partner = index
        elif not tag.empty:
            waiting.append(tag)


class _Reader:
    """Walks the tags once and fills blocks."""

    def __init__(self, text: str, tags: list[_Tag]) -> None:
        self._text = text
        self._tags = tags
        self._blocks = Blocks()
        self._block: Block | None = None
        self._list = ""

    def read(self) -> Blocks:
        index = 0
        while index < len(self._tags):
            index = self._step(index)
        return self._blocks

    def _step(self, index: int) -> int:
        """Take in the tag at `index`; return where to go on."""
        tag = self._tags[index]
        if tag.name in _BLOCKS:
            self._list = ""
            self._block = None if tag.ends else self._begin(tag.name)
        elif tag.name == "skip_summary" and not tag.ends:
            self._blocks.skips.append(tag.reason)
        elif self._block is None or tag.empty:
            pass
        elif tag.ends:
            self._list = "" if tag.name in LISTS else self._list
        elif tag.name in LISTS:
            return self._enter_list(index)
        else:
            return self._leaf(index)
        return index + 1

    def _begin(self, name: str) -> Block:
        block: Block = {}
        kept = self._blocks.observations if name == "observation" else self._blocks.summaries
        kept.append(block)
        return block

    def _enter_list(self, index: int) -> int:
        """Open a list; one without entries is read line by line."""
        tag = self._tags[index]
        following = self._tags[index + 1] if index + 1 < len(self._tags) else None
        if following and following.name == LISTS[tag.name] and not following.ends:
            self._list = tag.name
            return index + 1
        text, after = self._inner(index)
        lines = (_LINE_START.sub("", line).strip() for line in text.splitlines())
        self._entries(tag.name).extend(line for line in lines if line)
        return after

    def _leaf(self, index: int) -> int:
        """Take in an element that holds text."""
        tag = self._tags[index]
        if tag.name in _ENTRIES and LISTS.get(self._list) != tag.name:
            return index + 1
        text, after = self._inner(index)
        self._entries(self._list if tag.name in _ENTRIES else tag.name).append(text)
        return after

    def _entries(self, name: str) -> list[str]:
        """Return the texts a field of the open block has so far."""
        return self._block.setdefault(name, []) if self._block is not None else []

    def _inner(self, index: int) -> tuple[str, int]:
        """Return an element's text, and the index after it."""
        tag = self._tags[index]
        if tag.partner >= 0:
            stop, after = self._tags[tag.partner].start, tag.partner + 1
        else:
            after = index + 1
            stop = self._tags[after].start if after < len(self._tags) else len(self._text)
        return _content(self._text[tag.stop : stop]), after


def _content(raw: str) -> str:
    """Return the text of an element: CDATA as it stands, entities outside it resolved."""
    pieces: list[str] = []
    at = 0
    while (start := raw.find("<![CDATA[", at)) >= 0 and (stop := raw.find("]]>", start)) >= 0:
        pieces += unescape(raw[at:start]), raw[start + 9 : stop]
        at = stop + 3
    pieces.append(unescape(raw[at:]))
    return "".join(pieces).strip()


def unescape(text: str) -> str:
    """Resolve XML's own entities; `html.unescape` would turn `&param` into a pilcrow."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[3]:
        return _ENTITIES[entity[3]]
    code = int(entity[1]) if entity[1] else int(entity[2], 16)
    return chr(code) if code <= 0x10FFFF else entity[0]
