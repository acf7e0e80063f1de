"""The server between the SDK and the tools."""

from __future__ import annotations

from typing import Any

Request = Any
Ask = Any


def test_null_stands_for_an_argument_that_was_left_out(ask: Ask, request_of: Request) -> None:
    """Many clients fill in every argument; one that is required is still missed."""
    assert ask("memory_search", query="zebra", limit=None, project=None)["items"]
    assert ask("memory_remember", kind="note", title="t", body="b", confidence=None)["id"]
    refused = request_of("tools/call", name="memory_search", arguments={"query": None})["result"]
    assert "query" in refused["content"][0]["text"]
    assert refused["isError"]
