"""Claude Code's hooks over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

PROMPT = {
    "hook_event_name": "UserPromptSubmit",
    "session_id": "c0ffee00-0000-4000-8000-000000000001",
    "cwd": "/work/shop",
    "prompt": "Round the invoice total once.",
    "timestamp": "2026-01-01T10:00:00Z",
}


def test_hook_is_stored_once(api: httpx.Client) -> None:
    """The same payload again is a duplicate, not a second event."""
    first = api.post("/api/claude-hooks", json=PROMPT).json()
    again = api.post("/api/claude-hooks", json=PROMPT).json()

    assert first == {"inserted": 1, "skipped": 0}
    assert again == {"inserted": 0, "skipped": 0}


def test_hook_waits_in_its_stream(api: httpx.Client) -> None:
    """It shows up in the backlog under the name of its source."""
    session = "c0ffee00-0000-4000-8000-000000000002"
    api.post("/api/claude-hooks", json=PROMPT | {"session_id": session})
    items = api.get("/api/raw-events/status", params={"limit": 1000}).json()["items"]

    assert [item["source"] for item in items if item["stream_id"] == session] == ["claude"]


@pytest.mark.parametrize(
    "more", [{"hook_event_name": "Unheard"}, {"prompt": " "}, {"session_id": None}]
)
def test_hook_that_says_nothing_is_skipped(api: httpx.Client, more: dict[str, Any]) -> None:
    """Unknown and empty payloads are no error: the host would show it to the user."""
    answer = api.post("/api/claude-hooks", json=PROMPT | more)

    assert (answer.status_code, answer.json()) == (200, {"inserted": 0, "skipped": 1})
