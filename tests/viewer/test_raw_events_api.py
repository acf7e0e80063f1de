"""Events over HTTP: each is stored once, and the queue can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from codemem_core._version import __version__

Event = Callable[..., dict[str, Any]]


def post(api: httpx.Client, body: dict[str, Any]) -> dict[str, int]:
    """Post to the ingest route and return the counts."""
    answer = api.post("/api/raw-events", json=body)
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


def pending(api: httpx.Client, session: str) -> int:
    """Return how many events of a session wait."""
    items = api.get("/api/raw-events/status", params={"limit": 1000}).json()["items"]
    return sum(item["pending"] for item in items if item["session_id"] == session)


def test_thousand_events_are_stored_once(api: httpx.Client, event: Event) -> None:
    """Batches from several clients, then all of them again: the second time adds nothing."""
    batches = [
        # Of a source no flush policy looks at while the events come in.
        {
            "source": "elsewhere",
            "events": [event(f"thousand-{batch % 4}", 50 * batch + n) for n in range(50)],
        }
        for batch in range(20)
    ]
    with ThreadPoolExecutor(8) as clients:
        first = list(clients.map(lambda batch: post(api, batch), batches))
        again = list(clients.map(lambda batch: post(api, batch), batches))

    assert first == [{"inserted": 50, "received": 50}] * 20
    assert again == [{"inserted": 0, "received": 50}] * 20
    assert [pending(api, f"thousand-{n}") for n in range(4)] == [250] * 4


def test_repetition_inside_a_request_is_stored_once(api: httpx.Client, event: Event) -> None:
    """The same event twice in one list is one event."""
    counts = post(api, {"events": [event("twice", 1), event("twice", 1)]})

    assert counts == {"inserted": 1, "received": 2}


def test_single_event_is_the_body_itself(api: httpx.Client, event: Event) -> None:
    """Without `events`, the body is one event."""
    assert post(api, event("single", 1)) == {"inserted": 1, "received": 1}


@pytest.mark.parametrize("name", ["session_stream_id", "stream_id", "opencode_session_id"])
def test_session_has_several_names(api: httpx.Client, event: Event, name: str) -> None:
    """Every documented alias names the session."""
    body = event(f"alias-{name}", 1)
    body[name] = body.pop("session_id")

    assert post(api, body)["inserted"] == 1
    assert pending(api, f"alias-{name}") == 1


def test_two_session_names_conflict(api: httpx.Client, event: Event) -> None:
    """An event cannot be in two sessions, and nothing of the request is stored."""
    events = [event("conflict", 1), event("conflict", 2, stream_id="another")]
    answer = api.post("/api/raw-events", json={"events": events})

    assert answer.status_code == 400
    assert answer.json() == {"error": "conflicting session id fields"}
    assert pending(api, "conflict") == 0


def test_status_has_the_documented_shape(api: httpx.Client, event: Event) -> None:
    """The plugin's preflight finds every key it knows, and the version it talks to."""
    sent = event("status", 7, project="p", cwd="/w/p", started_at="2026-01-01T00:00:00Z")
    post(api, sent)
    status = api.get("/api/raw-events/status", params={"limit": 1000}).json()
    item = next(item for item in status["items"] if item["session_id"] == "status")

    assert status["ingest"] == {
        "available": True,
        "mode": "stream_queue",
        "max_body_bytes": 1_048_576,
    }
    assert status["version"] == __version__
    assert "raw_events" in status["features"]
    assert status["totals"]["pending"] == sum(item["pending"] for item in status["items"])
    assert item["opencode_session_id"] == item["session_stream_id"] == item["stream_id"]
    assert (item["source"], item["cwd"], item["pending"]) == ("opencode", "/w/p", 1)
    assert (item["max_seq"], item["last_flushed_event_seq"]) == (0, -1)
    assert item["last_seen_ts_wall_ms"] == sent["ts_wall_ms"]


def test_totals_count_the_backlog(api: httpx.Client, event: Event) -> None:
    """One more event is one more pending."""
    before = api.get("/api/raw-events").json()
    post(api, event("totals", 1))
    after = api.get("/api/raw-events").json()

    assert after == {"sessions": before["sessions"] + 1, "pending": before["pending"] + 1}
