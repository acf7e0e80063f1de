"""What a person or the model wrote, without what Gemini CLI and hooks added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ADDED = re.compile(r"\A\s*<(hook_context|session_context)>.*</\1>\s*", re.DOTALL)
"""Up to the last end of it: what hooks add may quote such a tag."""


def spoken(given: object) -> str:
    """Return a prompt's own words; empty when it holds none.

    What hooks answered stands in it as `<hook_context>…</hook_context>`: before the prompt when a
    session begins, otherwise as a part of its own. The first record of a chat is a
    `<session_context>`, the folder and its files.
    """
    parts = given if isinstance(given, list) else [given]
    return "\n".join(filter(None, (_ADDED.sub("", plain(part)).strip() for part in parts)))


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
