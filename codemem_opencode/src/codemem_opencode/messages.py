"""Prompts, assistant texts and token usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codemem_opencode.tool_text import Said, child, present, word

# What codemem calls a counter, and where OpenCode's `tokens` object keeps it.
_COUNTERS = {
    "input_tokens": ("input",),
    "output_tokens": ("output", "reasoning"),
    "cache_creation_input_tokens": ("write",),
    "cache_read_input_tokens": ("read",),
}


def read_user_prompt(event: Mapping[str, Any]) -> Said | None:
    """Read `user_prompt`, as codemem's plugin posts it."""
    extra = present(prompt_number=_count(event.get("prompt_number")) or None)
    return _prompt(
        event.get("prompt_text"),
        by_model=bool(event.get("parent_id")),
        at=event.get("timestamp"),
        cwd=event.get("cwd"),
        extra=extra | present(message_id=word(event.get("message_id"))),
    )


def read_assistant_message(event: Mapping[str, Any]) -> Said | None:
    """Read `assistant_message`, as codemem's plugin posts it."""
    text = word(event.get("assistant_text"))
    usage = usage_of(event.get("usage"))
    if not text:
        return None
    payload = {"text": text} | present(usage=usage, message_id=word(event.get("message_id")))
    return Said(
        event_type="assistant",
        payload=payload,
        at=event.get("timestamp"),
        cwd=event.get("cwd"),
    )


def read_assistant_usage(event: Mapping[str, Any]) -> Said | None:
    """Read `assistant_usage`: an assistant event without text that carries the counters."""
    usage = usage_of(event.get("usage"))
    return _usage(usage, message_id=event.get("message_id"), at=event.get("timestamp"))


def read_chat_message(event: Mapping[str, Any]) -> Said | None:
    """Read what OpenCode hands to the `chat.message` hook: the user's message in parts."""
    message = child(event, "output", "message")
    parts = child(event, "output").get("parts")
    typed = [part for part in parts if _is_typed(part)] if isinstance(parts, list) else []
    return _prompt(
        "\n".join(part["text"] for part in typed if isinstance(part.get("text"), str)),
        at=child(message, "time").get("created"),
        extra=present(message_id=word(message.get("id"))),
    )


def read_message(event: Mapping[str, Any]) -> Said | None:
    """Read `message.updated`: an assistant's finished step with its token counters.

    OpenCode sends it twice, the second time with `time.completed`; both are the same event, so its
    time is the one of creation.
    """
    info = child(event, "properties", "info")
    if info.get("role") != "assistant" or not info.get("finish") or _is_compaction(info):
        return None
    return _usage(
        usage_of(info.get("tokens")),
        message_id=info.get("id"),
        at=child(info, "time").get("created"),
        cwd=child(info, "path").get("cwd"),
    )


def read_text_part(event: Mapping[str, Any]) -> Said | None:
    """Read a text part of `message.part.updated`.

    A part does not name its author. Whoever knows the message puts it beside the part as `info`;
    without it the part's own time tells: only what a model streams has a start and an end.
    """
    properties = child(event, "properties")
    part, info = child(properties, "part"), child(properties, "info")
    if not _is_typed(part) or _is_compaction(info):
        return None
    time = child(part, "time")
    extra = present(message_id=word(part.get("messageID")))
    if (info.get("role") or ("assistant" if time else "user")) == "user":
        return _prompt(part.get("text"), at=properties.get("time"), extra=extra)
    text = word(part.get("text"))
    if not text or not time.get("end"):
        return None
    return Said(event_type="assistant", payload={"text": text} | extra, at=time["end"])


def usage_of(value: object) -> dict[str, int] | None:
    """Return the four token counters, or None when nothing was used.

    Takes codemem's names (`input_tokens`, …) and OpenCode's (`{input, output, reasoning, cache}`).
    """
    counters = child(value)
    flat = {**counters, **child(counters, "cache")}
    usage = {
        name: _count(counters.get(name)) or sum(_count(flat.get(key)) for key in keys)
        for name, keys in _COUNTERS.items()
    }
    spent = sum(usage.values()) - usage["cache_read_input_tokens"]
    return usage if spent > 0 else None


def _prompt(
    text: object,
    *,
    at: object,
    extra: dict[str, Any],
    cwd: object = None,
    by_model: bool = False,
) -> Said | None:
    """Return a prompt; one that a model wrote for its sub-agent counts as the assistant's word."""
    words = word(text)
    if not words:
        return None
    event_type = "assistant" if by_model else "prompt"
    return Said(event_type=event_type, payload={"text": words} | extra, at=at, cwd=cwd)


def _usage(
    usage: dict[str, int] | None, *, message_id: object, at: object, cwd: object = None
) -> Said | None:
    if usage is None:
        return None
    payload = {"text": "", "usage": usage} | present(message_id=word(message_id))
    return Said(event_type="assistant", payload=payload, at=at, cwd=cwd)


def _is_typed(part: object) -> bool:
    """Say whether somebody wrote the part: OpenCode marks what it adds itself."""
    if not isinstance(part, Mapping) or part.get("type") != "text":
        return False
    return not (part.get("synthetic") or part.get("ignored"))


def _is_compaction(info: Mapping[str, Any]) -> bool:
    return bool(info.get("summary") is True or info.get("agent") == "compaction")


def _count(value: object) -> int:
    """Return a whole number above zero, or 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
