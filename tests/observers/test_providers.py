"""Requests and answers of each provider, from answers as they are documented."""

from typing import Any

import pytest

from codemem_core.errors import PermanentError, TransientError
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import ObserveRequest, ObserverReply
from codemem_observers.providers import CHAT, MESSAGES, RESPONSES, Shape, endpoint

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
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
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
    "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12},
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
    assert shape.reply(answer) == ObserverReply(
        text="TEXT", model=answer["model"], tokens_in=9, tokens_out=3
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
        shape.reply(answer)


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
        shape.reply(answer)


@pytest.mark.parametrize("shape", [CHAT, RESPONSES, MESSAGES])
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


@pytest.mark.parametrize("shape", [CHAT, RESPONSES, MESSAGES])
def test_without_a_token_no_header_carries_one(shape: Shape) -> None:
    """A local server gets no empty credential."""
    assert {"Authorization", "x-api-key"}.isdisjoint(shape.headers(""))
    assert any("TOKEN" in value for value in shape.headers("TOKEN").values())


def test_the_providers_own_endpoints() -> None:
    """Defaults are the documented ones; Anthropic's API writes its model another way round."""
    openai = endpoint("openai", base_url=None, model=None)
    anthropic = endpoint("anthropic", base_url=None, model=None)

    assert openai.base_url + openai.shape.path == "https://api.openai.com/v1/responses"
    assert openai.model == "gpt-5.1-codex-mini"
    assert anthropic.base_url + anthropic.shape.path == "https://api.anthropic.com/v1/messages"
    assert anthropic.model == "claude-haiku-4-5"


@pytest.mark.parametrize("provider", ["openai", "custom", "my-gateway"])
def test_a_base_url_speaks_chat_completions(provider: str) -> None:
    """That is what every compatible server understands."""
    there = endpoint(provider, base_url="http://127.0.0.1:11434/v1", model="qwen3")

    assert (there.base_url, there.model, there.shape) == (
        "http://127.0.0.1:11434/v1",
        "qwen3",
        CHAT,
    )


@pytest.mark.parametrize(
    ("base_url", "model", "missing"),
    [(None, "m", "observer_base_url"), ("http://x", None, "observer_model")],
)
def test_a_custom_provider_needs_address_and_model(
    base_url: str | None, model: str | None, missing: str
) -> None:
    """What is missing is named."""
    with pytest.raises(PermanentError, match=missing):
        endpoint("my-gateway", base_url=base_url, model=model)
