"""Each provider's request and answer, as pure functions over JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codemem_core._version import __version__
from codemem_core.errors import ObserverError, PermanentError, RateLimited, TransientError
from codemem_core.records.protocols import Credential, ObserveRequest, ObserverReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one API is spoken."""

    path: str
    """Below the base URL."""
    headers: Callable[[Credential | None], dict[str, str]]
    """From a credential to the headers that carry it."""
    body: Callable[[ObserveRequest, str, int], dict[str, Any]]
    """From request, model and the most tokens of the answer to the JSON body."""
    reply: Callable[[bytes], ObserverReply]
    """From the answer's body; raises `TransientError` and its like when it has no text."""


def _bearer(credential: Credential | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential.token}"} if credential else {}


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


def _chat_reply(body: bytes) -> ObserverReply:
    answer = read_object(body)
    choice = _first(answer.get("choices"))
    message = _object(choice.get("message"))
    usage = _object(answer.get("usage"))
    return ObserverReply(
        text=_said(message.get("content"), refused=choice.get("finish_reason") == "content_filter"),
        model=_name(answer.get("model")),
        tokens_in=counted(usage.get("prompt_tokens")),
        tokens_cached=counted(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
        tokens_out=counted(usage.get("completion_tokens")),
    )


def _responses_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "instructions": request.instructions,
        "input": request.prompt,
        "max_output_tokens": max_tokens,
        "store": False,
    }


def _responses_reply(body: bytes) -> ObserverReply:
    answer = read_object(body)
    parts = [
        _object(part)
        for item in _list(answer.get("output"))
        for part in _list(_object(item).get("content"))
    ]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    refused = any(part.get("type") == "refusal" for part in parts)
    return _responded(answer, _said(_joined(texts), refused=refused))


def _responded(answer: Mapping[str, Any], text: str) -> ObserverReply:
    """Return the text with what a response object says of it."""
    usage = _object(answer.get("usage"))
    return ObserverReply(
        text=text,
        model=_name(answer.get("model")),
        tokens_in=counted(usage.get("input_tokens")),
        tokens_cached=counted(_object(usage.get("input_tokens_details")).get("cached_tokens")),
        tokens_out=counted(usage.get("output_tokens")),
    )


def _codex_headers(credential: Credential | None) -> dict[str, str]:
    """Return the headers of a ChatGPT login, as OpenCode's own requests have them."""
    headers = {"accept": "text/event-stream", "originator": "opencode"}
    if credential and credential.account:
        headers["ChatGPT-Account-Id"] = credential.account
    return headers | {"User-Agent": f"codemem/{__version__}"} | _bearer(credential)


def _codex_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    del max_tokens  # this endpoint refuses a limit
    said = {"type": "input_text", "text": request.prompt}
    return {
        "model": model,
        "instructions": request.instructions,
        "input": [{"role": "user", "content": [said]}],
        "store": False,
        "stream": True,
    }


def _codex_reply(body: bytes) -> ObserverReply:
    """Return the answer of a stream of events; one that breaks off is none."""
    texts: list[Any] = []
    for event in _events(body):
        kind = event.get("type")
        if kind == "response.output_text.delta":
            texts.append(event.get("delta"))
        elif kind in {"response.completed", "response.incomplete"}:
            return _responded(_object(event.get("response")), _said(_joined(texts), refused=False))
        elif kind in {"response.failed", "error"}:
            raise _stream_failure(event)
    raise TransientError("the provider's answer broke off")


def _events(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects of a server-sent event stream."""
    for line in body.splitlines():
        if line.startswith(b"data:"):
            try:
                yield _object(json.loads(line[5:]))
            except (ValueError, RecursionError):
                continue


def _stream_failure(event: Mapping[str, Any]) -> ObserverError:
    error = _object(_object(event.get("response")).get("error")) or _object(event.get("error"))
    if error.get("code") in {"rate_limit_exceeded", "usage_limit_reached", "insufficient_quota"}:
        return RateLimited("the provider asks to wait")
    return TransientError("the provider failed while it answered")


def _messages_headers(credential: Credential | None) -> dict[str, str]:
    headers = {"anthropic-version": "2023-06-01"}
    if credential is None:
        return headers
    if credential.source == "oauth":  # a login, not a key
        return headers | {"anthropic-beta": "oauth-2025-04-20"} | _bearer(credential)
    return headers | {"x-api-key": credential.token}


def _messages_body(request: ObserveRequest, model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "system": request.instructions,
        "messages": [{"role": "user", "content": request.prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
    }


def _messages_reply(body: bytes) -> ObserverReply:
    answer = read_object(body)
    blocks = [_object(block) for block in _list(answer.get("content"))]
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    usage = _object(answer.get("usage"))
    given = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return ObserverReply(
        text=_said(_joined(texts), refused=answer.get("stop_reason") == "refusal"),
        model=_name(answer.get("model")),
        tokens_in=sum(counted(usage.get(name)) for name in given),
        tokens_cached=counted(usage.get("cache_read_input_tokens")),
        tokens_out=counted(usage.get("output_tokens")),
    )


def read_object(body: bytes) -> dict[str, Any]:
    """Return an answer's JSON object; raises `TransientError` when it is none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TransientError("the provider's answer is not a JSON object")
    return answer


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


def counted(value: object) -> int:
    """Return a counter of a provider's; 0 for what is none."""
    return value if type(value) is int and value >= 0 else 0


CHAT = Shape(path="/chat/completions", headers=_bearer, body=_chat_body, reply=_chat_reply)
RESPONSES = Shape(path="/responses", headers=_bearer, body=_responses_body, reply=_responses_reply)
CODEX = Shape(path="", headers=_codex_headers, body=_codex_body, reply=_codex_reply)
MESSAGES = Shape(
    path="/messages", headers=_messages_headers, body=_messages_body, reply=_messages_reply
)
