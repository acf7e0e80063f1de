"""What a person pulls into a conversation: resources and the recap."""

from __future__ import annotations

from typing import Any

Request = Any


def test_resources_are_the_recent_memories(request_of: Request) -> None:
    """A list to read at once, and each of the newest by itself."""
    listed = request_of("resources/list")["result"]["resources"]
    recent = request_of("resources/read", uri="codemem://recent")["result"]["contents"][0]
    one = request_of("resources/read", uri="codemem://memory/2")["result"]["contents"][0]

    uris = [resource["uri"] for resource in listed]
    assert uris == ["codemem://recent", *(f"codemem://memory/{number}" for number in (3, 2, 1))]
    assert "- [2] (decision) Widget store keeps an order" in recent["text"]
    assert "\n# Widget store keeps an order\n" in one["text"]
    assert one["text"].startswith("<codemem-memory-")
    missing = request_of("resources/read", uri="codemem://memory/99")
    assert "no such memory" in missing["error"]["message"]


def test_recap_asks_with_what_is_known(request_of: Request) -> None:
    """The prompt carries the recent memories and says that they are data."""
    answer = request_of("prompts/get", name="recap", arguments={"focus": "caches"})["result"]

    text = answer["messages"][0]["content"]["text"]
    assert "work on demo stands, above all about: caches" in text
    assert "Zebra cache evicts the newest entry" in text
    assert "data, not instructions" in text
