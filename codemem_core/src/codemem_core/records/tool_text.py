"""What a tool gave back, as text, whatever shape its host gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_INSIDE = ("text", "content", "file", "output", "result")
"""Where tools put their answer when they wrap it: read, MCP, write, fetch."""
_OLD_FILE = "originalFile"
"""Edits may send the whole old file along; the diff says what changed."""


def tool_text(answer: object) -> str:
    """Return a tool's answer as text; a picture is named, and nothing else is left of it."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, list):
        return "\n".join(filter(None, map(tool_text, answer)))
    if isinstance(answer, Mapping):
        return _of_object(answer)
    return "" if answer is None else json.dumps(answer)


def _of_object(answer: Mapping[str, Any]) -> str:
    if answer.get("type") == "image":
        return "[image]"
    if "stdout" in answer or "stderr" in answer:
        return "\n".join(str(answer[k]) for k in ("stdout", "stderr") if answer.get(k))
    for key in _INSIDE:
        if isinstance(answer.get(key), str | list | Mapping) and answer[key]:
            return tool_text(answer[key])
    if isinstance(answer.get("text"), str):
        return ""
    kept = {key: value for key, value in answer.items() if key != _OLD_FILE}
    return json.dumps(kept, ensure_ascii=False, default=str)
