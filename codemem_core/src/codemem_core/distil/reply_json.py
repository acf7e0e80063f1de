"""The JSON form of an observer's reply: the same fields, snake case, lists as lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from codemem_core.distil.reply import LISTS, TEXTS, Block, Blocks

_DECODER = json.JSONDecoder()
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
    return _blocks({"observations": observations}) if observations else Blocks()


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
    """Return the blocks of one JSON value: the documented object, or a list of observations."""
    blocks = Blocks()
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        value = {"observations": value}
    if not isinstance(value, dict):
        return blocks
    observations = value.get("observations")
    if isinstance(observations, list):
        blocks.observations = [_block(item) for item in observations if isinstance(item, dict)]
        blocks.nothing = not observations
    if isinstance(value.get("summary"), dict):
        blocks.summaries.append(_block(value["summary"]))
    if value.get("skip_summary"):
        blocks.skips.append(" ".join(_texts(value["skip_summary"])))
    return blocks


def _block(value: dict[str, Any]) -> Block:
    if "kind" in value:
        value = {"type": value["kind"], **value}
    return {name: _texts(value[name]) for name in (TEXTS | LISTS.keys()) & value.keys()}


def _texts(value: object) -> list[str]:
    """Return a field's texts and numbers; what is neither says nothing here."""
    entries = value if isinstance(value, list) else [value]
    return [str(entry) for entry in entries if type(entry) in (str, int, float)]
