"""What a model thought before it answered: it is cut away, so no draft becomes a memory.

Reasoning reaches us inside the text when a server does not take it out: between tags of many
names, before a closing tag whose opening one belongs to the prompt's template, in the channels of
OpenAI's open models. A tag that an answer merely quotes, inside one of its elements, is text.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from codemem_core.distil.reply import LISTS, TEXTS

_NAMES = r"(?:seed:|antml:)?(?:think|thinking|thought|thoughts|reasoning|reflection|analysis)"
_MARK = re.compile(
    rf"<(?P<xml>/?){_NAMES}(?:\s[^<>]{{0,200}})?>"
    r"|\[(?P<bracket>/?)THINK\]"
    r"|◁(?P<triangle>/?)think▷"
    r"|<\|(?:(?P<begin>begin_of_thought|START_THINKING)|end_of_thought|END_THINKING)\|>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    r"(?:<\|start\|>[\w ]{0,20})?<\|channel\|>(?P<name>\w{1,20})[^<]{0,80}"
    r"(?:<\|constrain\|>\w{1,20})?<\|message\|>"
)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_BARE_FINAL = "assistantfinal"
"""What is left of `analysis…assistantfinal…` when a server drops special tokens."""
_BARE_START = re.compile(r"\s*analysis(?=\S)")
_LEAVES = "|".join(sorted((TEXTS | set(LISTS.values())) - {"evidence"}))
_LEAF = re.compile(rf"<(?P<end>/?)(?P<name>{_LEAVES})\b[^<>]{{0,200}}>")
_JSON = re.compile(r"[{\[](?=\s*[\"{\[])")
_JSON_TRIES = 20
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    stop: int
    ends: bool


def without_reasoning(text: str) -> str:
    """Return the answer alone; nothing when the text never gets to one."""
    text = _final_channel(text)
    marks = list(_marks(text))
    if not marks:
        return text
    quotes = _Quotes(text)
    kept: list[str] = []
    at = depth = 0
    for mark in marks:
        if mark in quotes:
            continue
        if depth == 0:
            kept.append(text[at : mark.start])
        if mark.ends and depth == 0:
            kept.clear()  # its opening tag was in the prompt: all before it is a draft
        depth = max(0, depth - 1) if mark.ends else depth + 1
        at = mark.stop
    if depth == 0:
        kept.append(text[at:])
    return "".join(kept)


def _final_channel(text: str) -> str:
    """Return what stands in the final channel; texts without channels as they are."""
    heads = list(_CHANNEL.finditer(text))
    if heads:
        finals = [head for head in heads if head["name"] == "final"]
        if not finals:
            return text[: heads[0].start()]
        return _CHANNEL_END.split(text[finals[-1].end() :], maxsplit=1)[0]
    if _BARE_START.match(text):
        return text.rpartition(_BARE_FINAL)[2] if _BARE_FINAL in text else ""
    return text


def _marks(text: str) -> Iterator[_Mark]:
    for found in _MARK.finditer(text):
        slash = found["xml"] or found["bracket"] or found["triangle"]
        starts = found["begin"] or (found[0][:2] != "<|" and not slash)
        yield _Mark(found.start(), found.end(), not starts)


class _Quotes:
    """Knows which places of a text are inside one element of an answer, or inside its JSON."""

    def __init__(self, text: str) -> None:
        self._leaves = list(_LEAF.finditer(text))
        self._starts = [leaf.start() for leaf in self._leaves]
        self._values = list(_json_values(text))

    def __contains__(self, mark: _Mark) -> bool:
        after = bisect(self._starts, mark.start)
        if 0 < after < len(self._leaves):
            before, following = self._leaves[after - 1], self._leaves[after]
            if not before["end"]:
                return bool(following["end"]) and following["name"] == before["name"]
        return any(start < mark.start and mark.stop < end for start, end in self._values)


def _json_values(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the JSON values of a text stand."""
    at = 0
    for _ in range(_JSON_TRIES):
        opening = _JSON.search(text, at)
        if opening is None:
            return
        try:
            _, at = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
        else:
            yield opening.start(), at
