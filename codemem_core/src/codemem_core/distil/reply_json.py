"""The JSON form of an observer's reply: the same fields, snake case, lists as lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from codemem_core.distil.loose_json import read_loose
from codemem_core.distil.reply import Block, Blocks, named

_DECODER = json.JSONDecoder(strict=False)
_OBJECT = re.compile(r"[{\[](?=\s{0,100}[\"'{\[\w])")
_LOOSE_STARTS = 3
_LOOSE_CHARS = 200_000
"""Several times the longest answer that is asked for."""
_LISTS = ("observations", "memories", "findings", "insights", "items", "results", "entries")
"""Names of the list; models vary it."""
_STARTS = 20
"""How many `{` or `[` in the text around the answer may turn out not to be the answer."""


def read_json(text: str) -> Blocks:
    """Return the blocks of a reply in JSON; empty when there is none.

    A reply cut off in its last observation gives those before it.
    """
    for value in _values(text):
        blocks = _blocks(value)
        if blocks:
            return blocks
    observations = list(_whole_objects(text))
    return _blocks({"observations": observations}) if observations else _read_loosely(text)


def _read_loosely(text: str) -> Blocks:
    """Return the blocks of JSON that a strict parser refuses."""
    text = text[:_LOOSE_CHARS]
    for opening in islice(_OBJECT.finditer(text), _LOOSE_STARTS):
        blocks = _blocks(read_loose(text, opening.start()))
        if blocks.observations or blocks.summaries:
            return blocks
    return Blocks()


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON values that start at one of the first brackets."""
    at = -1
    for _ in range(_STARTS):
        starts = [i for i in (text.find("{", at + 1), text.find("[", at + 1)) if i >= 0]
        if not starts:
            return
        at = min(starts)
        decoded = _decode(text, at)
        if decoded:
            yield decoded[0]
            at = decoded[1] - 1


def _whole_objects(text: str) -> Iterator[Any]:
    """Yield the objects of an `observations` list that never ends."""
    key = text.find('"observations"')
    at = text.find("[", key) + 1 if key >= 0 else 0
    while at > 0:
        start = text.find("{", at)
        decoded = _decode(text, start) if start >= 0 else None
        if not decoded:
            return
        yield decoded[0]
        at = decoded[1]


def _decode(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):  # RecursionError: thousands of open brackets
        return None


def _blocks(value: object) -> Blocks:
    """Return the blocks of one JSON value: an object, a list of observations, or one of them."""
    blocks = Blocks()
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        value = {"observations": value}
    if not isinstance(value, dict):
        return blocks
    key = next((name for name in _LISTS if isinstance(value.get(name), list | dict)), None)
    if key:
        found = value[key] if isinstance(value[key], list) else [value[key]]
        blocks.observations = [_block(item) for item in found if isinstance(item, dict | str)]
        blocks.nothing = not found
    elif _is_observation(value):
        blocks.observations = [_block(value)]
        return blocks
    if value.get("summary"):
        blocks.summaries += _summaries(value["summary"])
    if value.get("skip_summary"):
        blocks.skips.append(" ".join(_texts(value["skip_summary"])))
    return blocks


def _is_observation(value: dict[str, Any]) -> bool:
    """Say whether an object is one finding by itself."""
    block = _block(value)
    return bool(block.get("title")) and bool({"narrative", "facts"} & block.keys())


def _block(value: dict[str, Any] | str) -> Block:
    fields = {"title": value} if isinstance(value, str) else value
    return named({name: _texts(entry) for name, entry in fields.items()})


def _summaries(value: object) -> list[Block]:
    if isinstance(value, dict):
        return [_block(value)]
    return [{"completed": [value]}] if isinstance(value, str) else []


def _texts(value: object) -> list[str]:
    """Return a field's texts and numbers; what is neither says nothing here."""
    entries = value if isinstance(value, list) else [value]
    return [str(entry) for entry in entries if type(entry) in (str, int, float)]
