"""Models that refuse a part of the usual request, on servers that speak their wire formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from codemem_core.errors import ContextTooLong, PermanentError
from tests.observers.test_api_http import MESSAGES, Endpoint, Reply, ask, endpoint

__all__ = ["endpoint"]

Refusal = Callable[[dict[str, Any]], Reply | None]


def refused(status: int, message: str, **error: Any) -> Reply:
    """Refuse as OpenAI does, and most servers that speak like it."""
    return Reply(status, {"error": {"message": message, "type": "invalid_request_error", **error}})


def openai_reasoning(body: dict[str, Any]) -> Reply | None:
    """OpenAI's reasoning models: a limit of another name, no temperature."""
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
        message += " 'max_completion_tokens' instead."
        return refused(400, message, param="max_tokens", code="unsupported_parameter")
    if "temperature" in body:
        message = "Unsupported value: 'temperature' does not support 0 with this model."
        return refused(400, message, param="temperature", code="unsupported_value")
    return None


def vllm_validation(body: dict[str, Any]) -> Reply | None:
    """A FastAPI server that takes no further fields, and repeats what it was sent."""
    if "temperature" not in body:
        return None
    detail = {"type": "extra_forbidden", "loc": ["body", "temperature"], "input": body}
    return Reply(422, {"detail": [{**detail, "msg": "Extra inputs are not permitted"}]})


def gemma_without_system(body: dict[str, Any]) -> Reply | None:
    """A chat template that knows users and models only, as vLLM and LM Studio report it."""
    if body["messages"][0]["role"] == "system":
        return Reply(400, {"object": "error", "message": "System role not supported", "code": 400})
    return None


def small_answers(body: dict[str, Any]) -> Reply | None:
    """A model whose answers end earlier than ours may."""
    if body["max_tokens"] > 2048:
        message = "max_tokens is too large: 4000. This model supports at most 2048 completion"
        return refused(400, f"{message} tokens, whereas you provided 4000.", param="max_tokens")
    return None


def litellm(body: dict[str, Any]) -> Reply | None:
    """LiteLLM, which passes codes on as text."""
    if "temperature" in body:
        message = "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0."
        error = {"message": message, "type": "None", "param": None, "code": "400"}
        return Reply(400, {"error": error})
    return None


def openrouter(body: dict[str, Any]) -> Reply | None:
    """OpenRouter, which puts the host's refusal into a text inside its own."""
    if "temperature" in body:
        raw = json.dumps({"error": {"message": "`temperature` is deprecated for this model."}})
        error = {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}}
        return Reply(400, {"error": error})
    return None


def silent_gateway(body: dict[str, Any]) -> Reply | None:
    """A gateway that does not say what it refuses."""
    return refused(400, "Bad request") if {"temperature", "max_tokens"} & set(body) else None


def streams_only(body: dict[str, Any]) -> Reply | None:
    """A gateway that answers as a stream or not at all."""
    if not body.get("stream"):
        return refused(400, "Stream must be set to true")
    chunk = {"choices": [{"delta": {"content": "TEXT"}, "finish_reason": None}]}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "model": "m", "usage": {}}
    lines = (": PROCESSING", *(f"data: {json.dumps(e)}" for e in (chunk, end)), "data: [DONE]")
    return Reply(200, "\n\n".join(lines).encode(), {"content-type": "text/event-stream"})


@pytest.mark.parametrize(
    ("server", "refusals"),
    [
        (openai_reasoning, 2),
        (vllm_validation, 1),
        (gemma_without_system, 1),
        (small_answers, 1),
        (litellm, 1),
        (openrouter, 1),
        (silent_gateway, 1),
        (streams_only, 1),
    ],
)
def test_what_is_refused_is_left_out_and_not_sent_again(
    endpoint: Endpoint, server: Refusal, refusals: int
) -> None:
    """Each refusal is met once; another process asks in the right form at once."""
    endpoint.answer = lambda body: server(body) or Reply()

    texts = [ask(endpoint).text for _ in range(2)]

    assert texts == ["TEXT", "TEXT"]
    assert len(endpoint.requests) == refusals + 2


def test_the_instructions_arrive_without_a_system_role(endpoint: Endpoint) -> None:
    """They stand before the evidence in the one message that is left."""
    endpoint.answer = lambda body: gemma_without_system(body) or Reply()

    ask(endpoint)

    [message] = endpoint.requests[-1][2]["messages"]
    assert message == {"role": "user", "content": "RULES\n\nEVENTS"}


def test_anthropics_newest_models_take_no_temperature(endpoint: Endpoint) -> None:
    """Its API always wants a limit, so that stays."""
    message = "`temperature` is deprecated for this model."
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    endpoint.answer = lambda body: (
        Reply(400, error) if "temperature" in body else Reply(body=MESSAGES)
    )

    reply = ask(endpoint, observer_provider="anthropic", observer_model="claude-opus-4-7")

    assert reply.text == "TEXT"
    assert endpoint.requests[-1][2]["max_tokens"] == 4000


def test_each_model_has_quirks_of_its_own(endpoint: Endpoint) -> None:
    """What one refuses the next may need."""
    endpoint.answer = lambda body: (
        (openai_reasoning(body) if body["model"] == "o5" else None) or Reply()
    )
    ask(endpoint, observer_model="o5")

    ask(endpoint, observer_model="qwen3:8b")

    assert endpoint.requests[-1][2]["temperature"] == 0


def test_a_refusal_that_nothing_mends_ends(endpoint: Endpoint) -> None:
    """A server that refuses whatever it is sent is asked a few times at most."""
    endpoint.answer = lambda body: refused(400, "temperature, max_tokens, system role: all wrong")

    with pytest.raises(PermanentError):
        ask(endpoint)

    assert len(endpoint.requests) <= 7


def test_a_context_that_the_answer_fills_is_asked_with_a_shorter_one(endpoint: Endpoint) -> None:
    """It is the sum that does not fit, as vLLM counts."""
    message = "This model's maximum context length is 4096 tokens. However, you requested 5012"
    message += " tokens (1012 in the messages, 4000 in the completion). Please reduce the length"
    endpoint.answer = lambda body: (
        refused(400, message, code=400) if body["max_tokens"] > 2000 else Reply()
    )

    assert ask(endpoint).text == "TEXT"


@pytest.mark.parametrize(
    "reply",
    [
        refused(400, "prompt is too long: 200251 tokens > 200000 maximum"),
        refused(400, "the request exceeds the available context size, try increasing it"),
        refused(413, "Request entity too large"),
        refused(400, "x", code="context_length_exceeded"),
    ],
)
def test_evidence_that_does_not_fit_has_an_error_of_its_own(
    endpoint: Endpoint, reply: Reply
) -> None:
    """The core asks again with less of it."""
    endpoint.answer = lambda body: reply

    with pytest.raises(ContextTooLong):
        ask(endpoint)


def test_a_file_that_cannot_be_read_costs_one_request(endpoint: Endpoint, home: Any) -> None:
    """What is remembered is a convenience, not a condition."""
    folder = home / ".codemem"
    folder.mkdir(exist_ok=True)
    (folder / "model-quirks.json").write_text('{"x": 1, ')
    endpoint.answer = lambda body: litellm(body) or Reply()

    assert ask(endpoint).text == "TEXT"
