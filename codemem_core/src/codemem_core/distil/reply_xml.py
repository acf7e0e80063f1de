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

from codemem_core.distil.reply import LISTS, TEXTS, Block, Blocks, has_text, named

_BLOCKS = frozenset({"observation", "summary"})
_ENTRIES = frozenset(LISTS.values())
_NAMES = sorted(_BLOCKS | TEXTS | LISTS.keys() | _ENTRIES | {"skip_summary"})
# Every repetition is capped and gives nothing back: a start tag costs the same however it goes on.
_ATTRIBUTE = r"""\s{1,20}+[\w:-]{1,40}+\s{0,9}+=\s{0,9}+(?:"[^"]{0,300}"|'[^']{0,300}')"""
_TAG = re.compile(
    rf"<!\[CDATA\[|<(?P<end>/?)(?P<name>{'|'.join(_NAMES)})\b"
    rf"(?P<attributes>(?:{_ATTRIBUTE}){{0,9}}+)\s{{0,20}}+(?P<empty>/?)>"
)
_VALUE = re.compile(r"""([\w:-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)')""")
_ANY_LEAF = re.compile(r"<([A-Za-z][\w-]{0,40})(?:\s[^<>]{0,200})?>([^<]*)</\1\s{0,9}>")
_ANY_TAG = re.compile(r"</?[A-Za-z][\w-]{0,40}(?:\s[^<>]{0,200})?/?>")
_OTHER_BLOCKS = "memory|finding|insight|learning|obs|entry|item"
_SLOPPY = re.compile(
    rf"<\s{{0,3}}(/?)\s{{0,3}}({_OTHER_BLOCKS}|{'|'.join(_NAMES)})\b(?=[\s/>])", re.IGNORECASE
)
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
    attributes: str = ""
    partner: int = -1
    """Index of the end tag that closes this one, or -1."""


def read_xml(text: str) -> Blocks:
    """Return the blocks of a reply in XML; empty when there is none."""
    blocks = Blocks()
    for variant in _variants(text):
        tags = list(_tags(variant))
        _pair(tags)
        blocks = _Reader(variant, tags).read()
        if blocks:
            break
    return blocks


def _variants(text: str) -> Iterator[str]:
    """Yield the text, then with its tags in the documented spelling, then unescaped, too."""
    yield text
    yield _SLOPPY.sub(_documented, text)
    if "&lt;" in text:
        yield _SLOPPY.sub(_documented, unescape(text))


def _documented(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    return f"<{tag[1]}{name if name in _NAMES else 'observation'}"


def _tags(text: str) -> Iterator[_Tag]:
    """Yield the known tags outside CDATA, in order."""
    at = 0
    cdata_closes = True
    while found := _TAG.search(text, at):
        at = found.end()
        if found["name"]:
            yield _Tag(
                name=found["name"],
                start=found.start(),
                stop=at,
                ends=bool(found["end"]),
                empty=bool(found["empty"]),
                attributes=found["attributes"],
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
        self._start: _Tag | None = None
        self._list = ""

    def read(self) -> Blocks:
        index = 0
        while index < len(self._tags):
            index = self._step(index)
        self._drop_fragment()
        self._end_block(len(self._text))
        return self._blocks

    def _drop_fragment(self) -> None:
        """Leave out a last observation that the limit of tokens ended in or before its title."""
        observations = self._blocks.observations
        if self._block is not None and observations and observations[-1] is self._block:
            inside = self._block.keys() & {"narrative", "facts", "subtitle"}
            bare = not has_text(self._block) and not _ANY_TAG.search(self._rest())
            if not (inside or bare):
                observations.pop()
                self._block = None

    def _rest(self) -> str:
        return self._text[self._start.stop :] if self._start else ""

    def _step(self, index: int) -> int:
        """Take in the tag at `index`; return where to go on."""
        tag = self._tags[index]
        if tag.name in _BLOCKS:
            self._end_block(tag.start)
            if not tag.ends:
                self._begin(tag)
        elif tag.name == "skip_summary" and not tag.ends:
            self._blocks.skips.append(_attributes(tag).get("reason", [""])[0])
        elif self._block is not None and tag.name == "supersedes" and tag.attributes:
            self._entries(tag.name).extend(_attributes(tag).get("id", ()))
        elif self._block is None or tag.empty:
            pass
        elif tag.ends:
            self._list = "" if tag.name in LISTS else self._list
        elif tag.name in LISTS:
            return self._enter_list(index)
        else:
            return self._leaf(index)
        return index + 1

    def _begin(self, tag: _Tag) -> None:
        self._block, self._start = {}, tag
        is_observation = tag.name == "observation"
        kept = self._blocks.observations if is_observation else self._blocks.summaries
        kept.append(self._block)

    def _end_block(self, stop: int) -> None:
        """Close the open block, and fill in what it says in another way than the documented."""
        block, start = self._block, self._start
        self._block, self._start, self._list = None, None, ""
        if block is None or start is None:
            return
        more = named(_attributes(start))
        if not has_text(block):
            more |= _salvaged(self._text[start.stop : stop], start.name)
        for name, texts in more.items():
            block.setdefault(name, texts)

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


def _attributes(tag: _Tag) -> dict[str, list[str]]:
    return {
        name: [unescape(double or single)]
        for name, double, single in _VALUE.findall(tag.attributes)
    }


def _salvaged(raw: str, name: str) -> Block:
    """Return what a block without any documented element says: other elements, bare text."""
    fields: dict[str, list[str]] = {}
    for leaf in _ANY_LEAF.finditer(raw):
        fields.setdefault(leaf[1], []).append(unescape(leaf[2]).strip())
    block = named(fields)
    rest = _ANY_TAG.sub(" ", _ANY_LEAF.sub(" ", raw)).strip()
    if rest and not has_text(block):
        block["narrative" if name == "observation" else "completed"] = [unescape(rest)]
    return block


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
