"""The grammar of `<private>` blocks; `private.js` of the OpenCode plugin is the same.

    block    = open … close, or open to the end of the string and of the list it lies in
    open     = "<" blank* "private" (blank attributes)? ">"        in any case
    close    = "<" blank* "/" blank* "private" blank* ">"
    word     = an open tag alone in a code span, or in a phrase such as "the <private> tag"

Blocks may nest. What a word says stays in the text, and so does everything outside of blocks.
"""

from __future__ import annotations

import re
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Json: TypeAlias = Any

_TAG = re.compile(
    r"(?:<|\\u003c|&lt;)\s{0,8}(/?)\s{0,8}private(?:\s[^<>]{0,200}?)?\s{0,8}(/?)(?:>|\\u003e|&gt;)",
    re.IGNORECASE | re.ASCII,
)
_SPAN = re.compile(r"(`{1,2})(?!`)[^`\n]{1,400}\1(?!`)")
_BEFORE = re.compile(
    r"\b(?:the|a|an|each|every|any|that|this|our|your|of|in|with|use|using)\s{1,3}[`'\"]?\Z", re.I
)
_AFTER = re.compile(
    r"[`'\"]?\s{1,3}(?:tags?|blocks?|elements?|sections?|markers?|regions?)\b", re.I
)
_STRUCTURE = frozenset({"type", "role", "id", "kind", "uuid", "name"})
"""Keys of what holds the parts of a message, which is not said by anybody."""


def strip_private(value: Json) -> Json:
    """Return a JSON value without what its strings hold between `<private>` and `</private>`.

    An unclosed block reaches to the end of its string; in a list, to where a later item closes it.
    """
    root = [value]
    todo: list[tuple[Json, Json, _Depth]] = [(root, 0, _Depth())]
    while todo:
        holder, at, depth = todo.pop()
        item = holder[at]
        if isinstance(item, str):
            if not (depth.open and at in _STRUCTURE):
                holder[at] = _public(item, depth)
        elif isinstance(item, dict):
            holder[at] = copy = {_public(str(key), _Depth()): child for key, child in item.items()}
            todo += [(copy, key, depth if depth.in_list else _Depth()) for key in reversed(copy)]
        elif isinstance(item, list):
            holder[at] = items = list(item)
            shared = depth if depth.in_list else _Depth(in_list=True)
            todo += [(items, index, shared) for index in reversed(range(len(items)))]
    return root[0]


class _Depth:
    """How many blocks are open at this place of a list."""

    __slots__ = ("in_list", "open")

    def __init__(self, *, in_list: bool = False) -> None:
        self.in_list = in_list
        self.open = 0


def _public(text: str, depth: _Depth) -> str:
    if "private" not in text.lower():
        return "" if depth.open else text
    words, kept, end = _words(text), [], 0
    for tag in _TAG.finditer(text):
        if tag.start() in words:
            continue
        if not depth.open:
            kept.append(text[end : tag.start()])
        depth.open = max(0, depth.open + (-1 if tag[1] else 0 if tag[2] else 1))
        end = tag.end()
    if not depth.open:
        kept.append(text[end:])
    if not depth.in_list:
        depth.open = 0
    return "".join(kept)


def _words(text: str) -> frozenset[int]:
    """Return where tags begin that are only spoken of."""
    spans = [match.span() for match in _SPAN.finditer(text)] if "`" in text else []
    found = set()
    for tag in _TAG.finditer(text):
        start, end = tag.span()
        while spans and spans[0][1] <= start:
            spans.pop(0)
        alone = spans and spans[0][0] < start and not _is_block(text, spans[0])
        near = text[max(0, start - 16) : start]
        if alone or (_BEFORE.search(near) and _AFTER.match(text, end)):
            found.add(start)
    return frozenset(found)


def _is_block(text: str, span: tuple[int, int]) -> bool:
    """Say whether a code span holds a block with something in it."""
    tags = list(_TAG.finditer(text, *span))
    return any(
        not opening[1] and closing[1] and re.search(r"\w", text[opening.end() : closing.start()])
        for opening, closing in pairwise(tags)
    )
