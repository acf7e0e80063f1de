"""A provider's answer as one JSON object, whether it came whole or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codemem_core.api import TransientError

_DONE = {"done": True}
"""Stands for the `[DONE]` that ends a stream of chat completions."""


def read_answer(body: bytes) -> Mapping[str, Any]:
    """Return the answer; a stream is put together to what the same API sends in one piece.

    Raises `TransientError` for what is neither, and for a stream that breaks off.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, list):  # Gemini wraps its errors in a list
        answer = first(answer)
    if isinstance(answer, dict):
        return answer
    events = list(_events(body))
    if not events:
        raise TransientError("the provider's answer is not a JSON object")
    return _put_together(events)


def _events(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects of a server-sent event stream; comments are passed over."""
    for line in body.splitlines():
        if not line.startswith(b"data:"):
            continue
        if line[5:].strip() == b"[DONE]":
            yield _DONE
        try:
            event = json.loads(line[5:])
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _put_together(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for event in events:
        error = event.get("error") or as_object(event.get("response")).get("error")
        if error or event.get("type") == "error":
            return {"error": error or event}
    for assemble in (_chat, _responses, _messages):
        answer = assemble(events)
        if answer is not None:
            return answer
    raise TransientError("the provider's answer broke off")


def _chat(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return chat completion chunks as one completion; None when it is not finished."""
    choices = [choice for event in events if (choice := first(event.get("choices")))]
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    if not choices or not (reasons or _DONE in events):
        return None
    deltas = [as_object(choice.get("delta") or choice.get("message")) for choice in choices]
    message = {"content": "".join(text_of(delta.get("content")) for delta in deltas)}
    return {
        "model": _last(events, "model"),
        "choices": [{"message": message, "finish_reason": (reasons or [None])[-1]}],
        "usage": _last(events, "usage"),
    }


def _responses(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the response that the last event of the Responses API holds, with the text sent."""
    ends = {"response.completed", "response.incomplete"}
    answer = next((as_object(e.get("response")) for e in events if e.get("type") in ends), None)
    if answer is None:
        return None
    pieces = [e.get("delta") for e in events if e.get("type") == "response.output_text.delta"]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if not text:
        return answer
    return {**answer, "output": [{"content": [{"type": "output_text", "text": text}]}]}


def _messages(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return Anthropic's events as one message; None when it is not finished."""
    deltas = [as_object(e.get("delta")) for e in events]
    reasons = [delta["stop_reason"] for delta in deltas if delta.get("stop_reason")]
    if not reasons:
        return None
    begun = next((as_object(e["message"]) for e in events if "message" in e), {})
    texts = [delta.get("text") for delta in deltas if delta.get("type") == "text_delta"]
    return {
        **begun,
        "content": [{"type": "text", "text": text} for text in texts],
        "stop_reason": reasons[-1],
        "usage": {**as_object(begun.get("usage")), **as_object(_last(events, "usage"))},
    }


def _last(events: Sequence[Mapping[str, Any]], name: str) -> object:
    return next((event[name] for event in reversed(events) if event.get(name)), None)


_TEXT_PARTS = frozenset({"text", "output_text"})


def text_of(content: object) -> str:
    """Return a message's text: a string, or a list of parts of which only text counts.

    Thinking, reasoning and refusals are parts of their own kinds, so they are left out.
    """
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(_part(part) for part in parts)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = as_object(part).get("text")
    # A part without a type is text: some gateways send `{"text": …}` alone.
    wanted = as_object(part).get("type", "text") in _TEXT_PARTS
    return text if wanted and isinstance(text, str) else ""


def as_list(value: object) -> list[Any]:
    """Return a list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def first(value: object) -> Mapping[str, Any]:
    """Return the first object of a list, or an empty one."""
    return as_object(next(iter(as_list(value)), None))
