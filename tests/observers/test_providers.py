"""Requests and answers of each provider, from answers as they are documented."""

import json
from typing import Any

import pytest

from codemem_core.errors import PermanentError, TransientError
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import Credential, ObserveRequest, ObserverReply
from codemem_observers.providers import CHAT, CODEX, MESSAGES, RESPONSES, Shape

REQUEST = ObserveRequest(
    evidence=Evidence(source="claude", stream_id="s1"), instructions="RULES", prompt="EVENTS"
)

CHAT_ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "qwen3:8b",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "TEXT"},
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens": 3,
        "total_tokens": 12,
    },
}
RESPONSES_ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-5.1-codex-mini",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "TEXT", "annotations": []}],
        },
    ],
    "usage": {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 3,
        "total_tokens": 12,
    },
}
MESSAGES_ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "TEXT"}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 4,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 5,
        "output_tokens": 3,
    },
}


@pytest.mark.parametrize(
    ("shape", "answer"),
    [(CHAT, CHAT_ANSWER), (RESPONSES, RESPONSES_ANSWER), (MESSAGES, MESSAGES_ANSWER)],
)
def test_text_model_and_tokens_are_read(shape: Shape, answer: dict[str, Any]) -> None:
    """Each provider counts in its own fields; cached input is input."""
    assert shape.reply(json.dumps(answer).encode()) == ObserverReply(
        text="TEXT", model=answer["model"], tokens_in=9, tokens_cached=5, tokens_out=3
    )


@pytest.mark.parametrize("shape", [CHAT, RESPONSES, MESSAGES])
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": [], "output": [], "content": []},
        {"choices": None, "output": "x", "content": 3, "usage": [1]},
        {"choices": [{"message": {"content": "  "}}], "output": [{"content": [{}]}]},
    ],
)
def test_an_answer_without_text_may_be_asked_again(shape: Shape, answer: dict[str, Any]) -> None:
    """Whatever its JSON looks like, it is an error of a known class."""
    with pytest.raises(TransientError, match="no text"):
        shape.reply(json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        (CHAT, {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}),
        (RESPONSES, {"output": [{"content": [{"type": "refusal", "refusal": "no"}]}]}),
        (MESSAGES, {"content": [], "stop_reason": "refusal"}),
    ],
)
def test_a_refusal_will_not_change(shape: Shape, answer: dict[str, Any]) -> None:
    """Asking again would cost money and get the same."""
    with pytest.raises(PermanentError, match="declined"):
        shape.reply(json.dumps(answer).encode())


@pytest.mark.parametrize("shape", [CHAT, RESPONSES, MESSAGES, CODEX])
def test_instructions_and_evidence_go_in_different_places(shape: Shape) -> None:
    """No field mixes what we say with what we quote."""
    body = shape.body(REQUEST, "m", 4000)

    assert body["model"] == "m"
    assert "RULES" in str(body)
    assert "EVENTS" in str(body)
    assert not any("RULES" in part and "EVENTS" in part for part in strings(body))


def strings(value: object) -> list[str]:
    """Return every text inside a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("shape", [CHAT, RESPONSES, MESSAGES, CODEX])
def test_without_a_token_no_header_carries_one(shape: Shape) -> None:
    """A local server gets no empty credential."""
    assert {"Authorization", "x-api-key"}.isdisjoint(shape.headers(None))
    assert any("TOKEN" in value for value in shape.headers(Credential("TOKEN")).values())


def test_a_login_is_no_key() -> None:
    """Anthropic takes a login's token as a bearer token; ChatGPT wants to know whose it is."""
    login = Credential("TOKEN", source="oauth", account="acct-1")

    assert "x-api-key" not in MESSAGES.headers(login)
    assert MESSAGES.headers(login)["Authorization"] == "Bearer TOKEN"
    assert CODEX.headers(login)["ChatGPT-Account-Id"] == "acct-1"


def stream(*events: dict[str, Any]) -> bytes:
    """Write events as the server sends them."""
    return b"".join(
        f"event: {event['type']}\r\ndata: {json.dumps(event)}\r\n\r\n".encode() for event in events
    )


SAID = [{"type": "response.output_text.delta", "delta": part} for part in ("TE", "XT")]
DONE = {"type": "response.completed", "response": RESPONSES_ANSWER}


def test_a_stream_of_events_is_put_together() -> None:
    """The text comes in pieces, the counters at the end; what is no JSON is passed over."""
    body = b": ping\n\n" + stream(*SAID) + b"data: [DONE\n\n" + stream(DONE)

    assert CODEX.reply(body) == ObserverReply(
        text="TEXT", model="gpt-5.1-codex-mini", tokens_in=9, tokens_cached=5, tokens_out=3
    )


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (stream(*SAID), TransientError, "broke off"),
        (b"", TransientError, "not a JSON object"),
    ],
)
def test_a_stream_without_its_end_is_no_answer(
    body: bytes, error: type[Exception], says: str
) -> None:
    """Half an answer would be half a memory."""
    with pytest.raises(error, match=says):
        CODEX.reply(body)


def test_content_may_be_a_list_of_parts() -> None:
    """Mistral's reasoning models answer so; only text is the answer."""
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "DRAFT"}]}
    message = {
        "content": [thinking, {"type": "text", "text": "TE"}, {"type": "text", "text": "XT"}]
    }

    assert CHAT.reply(json.dumps({"choices": [{"message": message}]}).encode()).text == "TEXT"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_never_the_answer(field: str) -> None:
    """Ollama, LM Studio, llama.cpp, vLLM and OpenRouter put a model's thoughts there."""
    message = {"content": "", field: "<observation>DRAFT</observation>"}

    with pytest.raises(TransientError, match="no text"):
        CHAT.reply(json.dumps({"choices": [{"message": message}]}).encode())


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        (CHAT, {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}),
        (MESSAGES, {"content": [], "stop_reason": "max_tokens"}),
        (RESPONSES, {"output": [], "incomplete_details": {"reason": "max_output_tokens"}}),
    ],
)
def test_an_answer_that_its_limit_ended_says_so(shape: Shape, answer: dict[str, Any]) -> None:
    """It may be empty: thinking took all the room there was."""
    reply = shape.reply(json.dumps(answer).encode())

    assert (reply.text, reply.cut_off) == ("", True)


def test_a_message_may_come_as_a_stream() -> None:
    """Gateways before Anthropic's API stream whatever they are asked for."""
    begun = {"model": "claude", "usage": {"input_tokens": 9}}
    body = stream(
        {"type": "message_start", "message": begun},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "DRAFT"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "TEXT"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 3},
        },
    )

    assert MESSAGES.reply(body) == ObserverReply(
        text="TEXT", model="claude", tokens_in=9, tokens_out=3
    )
