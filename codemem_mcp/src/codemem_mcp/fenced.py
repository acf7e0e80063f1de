"""What tools answer, made safe to read: memories are other people's text.

Every text is neutral (see `retrieval.pack.neutral`), and the answer stands between two fields
that open and close a fence: a tag with a random name, which no memory can close, and a notice that
what follows is data.
"""

from __future__ import annotations

from typing import Any

from codemem_core.retrieval.pack.neutral import neutral
from codemem_core.retrieval.pack.render import fence


def fenced(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer between `notice` and `end`, its texts neutral."""
    start, end = fence()
    return {"notice": start.strip(), **harmless(answer), "end": end.strip()}


def fenced_text(text: str) -> str:
    """Return a text in a fence, neutral."""
    start, end = fence()
    return f"{start}{neutral(text)}{end}"


def harmless(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with its texts neutral, names of fields too."""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, dict):
        return {harmless(name): harmless(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [harmless(item) for item in value]
    return value
