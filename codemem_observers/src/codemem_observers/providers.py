"""Each provider's request and answer, as pure functions over JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from codemem_core.api import (
    ContextTooLong,
    Credential,
    ObserveRequest,
    ObserverReply,
    PermanentError,
    TransientError,
    __version__,
)
from codemem_observers.answers import as_list, as_object, first, read_answer, text_of


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


def _azure_headers(credential: Credential | None) -> dict[str, str]:
    """Return Azure's header for a key; a token of its directory is a JWT and goes as a bearer."""
    if credential is None or credential.token.startswith("eyJ"):
        return _bearer(credential)
    return {"api-key": credential.token}


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
    answer = read_answer(body)
    choice = first(answer.get("choices"))
    message = as_object(choice.get("message"))
    usage = as_object(answer.get("usage"))
    return ObserverReply(
        # `reasoning_content` and `reasoning` are thoughts, never the answer.
        **_text(
            text_of(message.get("content")),
            reason=choice.get("finish_reason"),
            declined=bool(message.get("refusal")),
        ),
        model=_name(answer.get("model")),
        tokens_in=counted(usage.get("prompt_tokens")),
        tokens_cached=counted(as_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
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
    answer = read_answer(body)
    parts = [
        as_object(part)
        for item in as_list(answer.get("output"))
        for part in as_list(as_object(item).get("content"))
    ]
    usage = as_object(answer.get("usage"))
    return ObserverReply(
        **_text(
            text_of(parts),
            reason=as_object(answer.get("incomplete_details")).get("reason"),
            declined=any(part.get("type") == "refusal" for part in parts),
        ),
        model=_name(answer.get("model")),
        tokens_in=counted(usage.get("input_tokens")),
        tokens_cached=counted(as_object(usage.get("input_tokens_details")).get("cached_tokens")),
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
    answer = read_answer(body)
    usage = as_object(answer.get("usage"))
    given = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return ObserverReply(
        **_text(text_of(answer.get("content")), reason=answer.get("stop_reason")),
        model=_name(answer.get("model")),
        tokens_in=sum(counted(usage.get(name)) for name in given),
        tokens_cached=counted(usage.get("cache_read_input_tokens")),
        tokens_out=counted(usage.get("output_tokens")),
    )


_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens"})
_DECLINED = frozenset({"content_filter", "refusal", "safety"})


class _Text(TypedDict):
    text: str
    cut_off: bool


def _text(text: str, *, reason: object, declined: bool = False) -> _Text:
    """Return the text and whether its limit ended it, or raise what the absence of text means.

    Raises `ContextTooLong`, `PermanentError` for an answer declined, `TransientError` for none.
    """
    cut_off = str(reason) in _CUT_OFF
    if text.strip() or cut_off:
        return {"text": text, "cut_off": cut_off}
    if reason == "model_context_window_exceeded":
        raise ContextTooLong("the evidence does not fit the model's context")
    if declined or str(reason) in _DECLINED:
        raise PermanentError("the provider declined to answer")
    raise TransientError("the provider's answer holds no text")


def _name(value: object) -> str | None:
    return value if isinstance(value, str) else None


def counted(value: object) -> int:
    """Return a counter of a provider's; 0 for what is none."""
    return value if type(value) is int and value >= 0 else 0


CHAT = Shape(path="/chat/completions", headers=_bearer, body=_chat_body, reply=_chat_reply)
AZURE = replace(CHAT, headers=_azure_headers)
RESPONSES = Shape(path="/responses", headers=_bearer, body=_responses_body, reply=_responses_reply)
CODEX = Shape(path="", headers=_codex_headers, body=_codex_body, reply=_responses_reply)
MESSAGES = Shape(
    path="/messages", headers=_messages_headers, body=_messages_body, reply=_messages_reply
)
