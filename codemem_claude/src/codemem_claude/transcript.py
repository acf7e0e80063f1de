"""The end of a Claude Code transcript: what `Stop` does not say itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from codemem_core.api import log_records

_TAIL_BYTES = 512 * 1024
"""How far back the last answer is looked for; a longer one is left to the next event."""
_COUNTERS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


def last_reply(path: object, *, cwd: object) -> tuple[str, dict[str, int]]:
    """Return the text and the usage of the transcript's last assistant record that has text.

    Both are empty when the path is not a readable `.jsonl` file; a relative one counts from `cwd`.
    """
    text, usage = "", dict[str, int]()
    for record in _records(path, cwd):
        message = record.get("message")
        inner = message if isinstance(message, Mapping) else {}
        if "assistant" not in {record.get("type"), record.get("role"), inner.get("role")}:
            continue
        if told := _text(inner.get("content") or record.get("content") or record.get("text")):
            text, usage = told, usage_of(inner.get("usage") or record.get("usage"))
    return text, usage


def usage_of(value: object) -> dict[str, int]:
    """Return the four token counters, or nothing when all are zero or missing."""
    given = value if isinstance(value, Mapping) else {}
    counts = {k: v if isinstance(v := given.get(k), int) else 0 for k in _COUNTERS}
    return counts if any(counts.values()) else {}


def transcript_path(path: object, *, cwd: object) -> str | None:
    """Return the absolute path of a transcript that exists; a relative one counts from `cwd`."""
    if not isinstance(path, str) or not path.endswith(".jsonl"):
        return None
    place = os.path.join(cwd if isinstance(cwd, str) else "", os.path.expanduser(path))
    return place if os.path.isabs(place) and os.path.isfile(place) else None


def _records(path: object, cwd: object) -> Iterator[Mapping[str, Any]]:
    place = transcript_path(path, cwd=cwd)
    if place is None:
        return
    yield from log_records(place, max_bytes=_TAIL_BYTES)


def _text(content: object) -> str:
    """Return the text of a content field: a string, or the text blocks of a list."""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, list):
        return "\n".join(filter(None, map(_text, content)))
    if isinstance(content, Mapping):
        return _text(content.get("text") or content.get("content"))
    return ""
