"""Each provider's request and answer, as pure functions over JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codemem_core.errors import PermanentError, TransientError
from codemem_core.records.protocols import ObserveRequest, ObserverReply

_OPENAI = "https://api.openai.com/v1"
_ANTHROPIC = "https://api.anthropic.com/v1"
_OPENAI_MODEL = "gpt-5.1-codex-mini"
_ANTHROPIC_MODEL = "claude-4.5-haiku"
# The documented default and Claude's command line say it one way round, the API the other.
_ANTHROPIC_NAMES = {"claude-4.5-haiku": "claude-haiku-4-5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one API is spoken."""

    path: str
    """Below the base URL."""
    headers: Callable[[str], dict[str, str]]
    """From a token to the headers that carry it."""
    body: Callable[[ObserveRequest, str, int], dict[str, Any]]
    """From request, model and the most tokens of the answer to the JSON body."""
    reply: Callable[[Mapping[str, Any]], ObserverReply]
    """From the JSON answer; raises `TransientError` or `PermanentError` when it has no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to ask, for what, and in which shape."""

    base_url: str
    model: str
    shape: Shape


def endpoint(provider: str, *, base_url: str | None, model: str | None) -> Endpoint:
    """Return the endpoint of a provider; `base_url` stands in for the provider's own.

    Raises `PermanentError` when a custom provider lacks its URL or model.
    """
    if provider == "anthropic":
        name = model or _ANTHROPIC_MODEL
        name = _ANTHROPIC_NAMES.get(name, name)
        return Endpoint(base_url=base_url or _ANTHROPIC, model=name, shape=MESSAGES)
    if provider == "openai" and not base_url:
        # OpenAI's codex models, the default among them, exist on this API only.
        return Endpoint(base_url=_OPENAI, model=model or _OPENAI_MODEL, shape=RESPONSES)
    if not base_url or not model:
        missing = "observer_model" if base_url else "observer_base_url"
        raise PermanentError(
            f"observer provider `{provider}` needs `{missing}`",
            hint=f"set it in the configuration file, or `CODEMEM_{missing.upper()}`",
        )
    return Endpoint(base_url=base_url, model=model, shape=CHAT)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _chat_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": request.instructions},
            {"role": "user", "content": request.prompt},
        ],
        "temperature": 0,
        "max_tokens": max_tokens,
    }


def _chat_reply(answer: Mapping[str, Any]) -> ObserverReply:
    choice = _first(answer.get("choices"))
    message = _object(choice.get("message"))
    usage = _object(answer.get("usage"))
    return ObserverReply(
        text=_said(message.get("content"), refused=choice.get("finish_reason") == "content_filter"),
        model=_name(answer.get("model")),
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
    )


def _responses_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "instructions": request.instructions,
        "input": request.prompt,
        "max_output_tokens": max_tokens,
        "store": False,
    }


def _responses_reply(answer: Mapping[str, Any]) -> ObserverReply:
    parts = [
        _object(part)
        for item in _list(answer.get("output"))
        for part in _list(_object(item).get("content"))
    ]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    usage = _object(answer.get("usage"))
    return ObserverReply(
        text=_said(_joined(texts), refused=any(part.get("type") == "refusal" for part in parts)),
        model=_name(answer.get("model")),
        tokens_in=_count(usage.get("input_tokens")),
        tokens_out=_count(usage.get("output_tokens")),
    )


def _messages_headers(token: str) -> dict[str, str]:
    version = {"anthropic-version": "2023-06-01"}
    return version | ({"x-api-key": token} if token else {})


def _messages_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "system": request.instructions,
        "messages": [{"role": "user", "content": request.prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
    }


def _messages_reply(answer: Mapping[str, Any]) -> ObserverReply:
    blocks = [_object(block) for block in _list(answer.get("content"))]
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    usage = _object(answer.get("usage"))
    cached = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return ObserverReply(
        text=_said(_joined(texts), refused=answer.get("stop_reason") == "refusal"),
        model=_name(answer.get("model")),
        tokens_in=sum(_count(usage.get(name)) for name in cached),
        tokens_out=_count(usage.get("output_tokens")),
    )


def _said(text: object, *, refused: bool) -> str:
    """Return the answer's text, or raise what its absence means."""
    if isinstance(text, str) and text.strip():
        return text
    if refused:
        raise PermanentError("the provider declined to answer")
    raise TransientError("the provider's answer holds no text")


def _joined(texts: list[Any]) -> str:
    return "".join(text for text in texts if isinstance(text, str))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(value: object) -> Mapping[str, Any]:
    return _object(next(iter(_list(value)), None))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if type(value) is int and value >= 0 else 0


CHAT = Shape(path="/chat/completions", headers=_bearer, body=_chat_body, reply=_chat_reply)
RESPONSES = Shape(path="/responses", headers=_bearer, body=_responses_body, reply=_responses_reply)
MESSAGES = Shape(
    path="/messages", headers=_messages_headers, body=_messages_body, reply=_messages_reply
)
