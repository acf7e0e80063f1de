"""What a person or the model wrote, without what Gemini CLI and hooks added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ADDED = re.compile(r"\s*<(hook_context|session_context)>.*?</\1>\s*", re.DOTALL)
_PREAMBLE = re.compile(r"\s*<session_context>")
"""The first record of a chat: the folder and its files, no person's words."""


def spoken(given: object) -> str:
    """Return a prompt's own words; empty when it holds none.

    What hooks answered stands in it as `<hook_context>…</hook_context>`: before the prompt when a
    session begins, otherwise as a part of its own.
    """
    words = plain(given)
    return "" if _PREAMBLE.match(words) else _ADDED.sub("\n", words).strip()


def plain(given: object) -> str:
    """Return the text of a message: a string, one part, or a list of parts."""
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, list):
        return "\n".join(filter(None, map(plain, given)))
    return plain(given.get("text")) if isinstance(given, Mapping) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}
