"""Telling terms: the names, paths and values in a text that somebody could look for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from codemem_core.records.evidence import Answer, EvidenceItem, Message, Prompt, ToolCall

_TERM = re.compile(r"[A-Za-z0-9_@$][A-Za-z0-9_@$./:-]{2,79}")
_STRUCTURED = re.compile(r"[a-z][A-Z]|[A-Za-z]\d|[A-Za-z0-9][_/.:-]+[A-Za-z0-9]|^[A-Z]{4,}$")
_DATES_AND_IDS = re.compile(r"^[\d.:/T-]+Z?$|[0-9a-f]{12,}|^[0-9a-f-]{36}$")
_COMMON = re.compile(
    r"^(?:(?:index|main|app|readme|package|__init__|mod|lib|types?|utils?)\.\w+|[\w-]+@|https?:.*"
    r"|e\.g|i\.e|and/or|node_modules.*|utf-8)$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")


@lru_cache(maxsize=20_000)
def terms(text: str) -> frozenset[str]:
    """Return the terms of a text, in lower case; a path counts by its last part.

    Plain words, dates and generated ids are none: they say nothing that could be looked for.
    """
    found = set()
    for match in _TERM.findall(text):
        whole = match.strip("./:-")
        name = whole.rsplit("/", 1)[-1]
        if len(name) < 4 or _DATES_AND_IDS.search(name) or _COMMON.match(name):
            continue
        if _STRUCTURED.search(name):
            found.add(name.lower())
    return frozenset(found)


def words(text: str) -> frozenset[str]:
    """Return the words of four letters or more, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def name_of(path: str) -> str:
    """Return what a file is called in `terms`; two parts of the path for a common name."""
    parts = path.lower().rsplit("/", 2)
    return "/".join(parts[-2:]) if _COMMON.match(parts[-1]) else parts[-1]


def stands_in(term: str, text: str) -> bool:
    """Say whether a term stands in a lower-case text as a whole, not inside a longer name."""
    at = text.find(term)
    while at >= 0:
        before = text[at - 1 : at]
        after = text[at + len(term) : at + len(term) + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            return True
        at = text.find(term, at + 1)
    return False


def said(item: EvidenceItem) -> str:
    """Return what the user or the agent wrote in an item: prompts, messages, arguments."""
    if isinstance(item, Prompt | Message | Answer):
        return item.text
    if isinstance(item, ToolCall):
        files = (*item.files_read, *item.files_changed)
        return "\n".join((item.command or "", *files, *_texts(item.input.values())))
    return ""


def shown(item: EvidenceItem) -> str:
    """Return what a tool let the agent see."""
    return f"{item.output}\n{item.error or ''}" if isinstance(item, ToolCall) else ""


def _texts(values: Iterable[object]) -> list[str]:
    """Return every text in JSON values, however deep."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found += _texts(value.values())
        elif isinstance(value, list):
            found += _texts(value)
    return found
