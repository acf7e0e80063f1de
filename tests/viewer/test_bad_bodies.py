"""What cannot be used is refused with a sentence, and never hurts the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.errors import InputError
from codemem_viewer.decode import MAX_DEPTH, json_object

JSON = {"Content-Type": "application/json"}
POSTS = ["/api/raw-events", "/api/claude-hooks", "/api/pack"]
BAD = {
    "not json": b"{",
    "text": b"hello",
    "not utf-8": b'{"a": "\xff"}',
    "lone surrogate": b'{"session_id": "\\ud800"}',
    "number out of range": b'{"a": 1e400}',
    "nan": b'{"a": NaN}',
    "a list": b"[]",
    "a number": b"1",
    "deep": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "very deep": b'{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
    "unclosed": b"[" * 900_000,
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_body_that_is_no_object_is_a_400(api: httpx.Client, path: str, body: bytes) -> None:
    """Whatever the bytes, the answer is 400 with a sentence."""
    answer = api.post(path, content=body, headers=JSON)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/raw-events", {}),
        ("/api/raw-events", {"events": "x"}),
        ("/api/raw-events", {"events": [1]}),
        ("/api/raw-events", {"session_id": 1, "event_type": "x"}),
        ("/api/raw-events", {"session_id": "s", "event_type": "x", "payload": [1]}),
        ("/api/raw-events", {"session_id": "s", "event_type": "x", "ts_wall_ms": "soon"}),
        ("/api/raw-events", {"session_id": "s", "event_type": "x", "ts_wall_ms": 10**30}),
        ("/api/raw-events", {"session_id": "s", "event_type": {}, "payload": {}}),
        ("/api/pack", {}),
        ("/api/pack", {"context": 1}),
        ("/api/pack", {"context": "x", "limit": "8"}),
        ("/api/pack", {"context": "x", "limit": True}),
        ("/api/pack", {"context": "x", "limit": 0}),
        ("/api/pack", {"context": "x", "token_budget": 10**30}),
        ("/api/pack", {"context": "x", "project": []}),
        ("/api/pack", {"context": "x", "working_set": "a.py"}),
    ],
)
def test_wrong_types_are_a_400(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """A field of the wrong type is named in a 400."""
    answer = api.post(path, json=body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("body", [{}, {"hook_event_name": 1}, {"session_id": []}, {"a": None}])
def test_hook_payload_of_wrong_types_is_no_defect(api: httpx.Client, body: dict[str, Any]) -> None:
    """A hook payload is refused or skipped."""
    answer = api.post("/api/claude-hooks", json=body)

    assert answer.status_code in {200, 400}


def test_wrong_parameter_is_named(api: httpx.Client) -> None:
    """A query parameter of the wrong type is a 400 in the documented words."""
    answer = api.get("/api/raw-events/status", params={"limit": "many"})

    assert (answer.status_code, answer.json()) == (400, {"error": "limit must be int"})


@pytest.mark.parametrize("path", POSTS)
def test_ten_megabytes_are_too_large(api: httpx.Client, path: str) -> None:
    """A body over the cap is a 413 that says the cap."""
    answer = api.post(path, content=b'"' + b"x" * 10_000_000 + b'"', headers=JSON)

    assert answer.status_code == 413
    assert answer.json() == {"error": "payload too large", "max_bytes": 1_048_576}


def test_cap_counts_what_arrives(api: httpx.Client) -> None:
    """A chunked body announces no length and is cut off at the cap all the same."""

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    answer = api.post("/api/raw-events", content=chunks(), headers=JSON)

    assert answer.status_code == 413


def test_chunked_body_within_the_cap_is_read(api: httpx.Client) -> None:
    """A client need not know the length beforehand."""
    answer = api.post("/api/pack", content=iter([b'{"context": ', b'"x"}']), headers=JSON)

    assert answer.status_code == 200


def test_compressed_body_is_refused(api: httpx.Client) -> None:
    """A few bytes that unpack to gigabytes are never unpacked."""
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = api.post("/api/raw-events", content=b"\x1f\x8b", headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("POST", "/api/nothing", 404), ("DELETE", "/api/stats", 405)],
)
def test_unknown_routes_answer_json(api: httpx.Client, method: str, path: str, status: int) -> None:
    """Errors of the framework look like ours."""
    answer = api.request(method, path, headers=JSON)

    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


def nested(depth: int) -> bytes:
    """Return an object in which lists nest `depth` deep."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_depth_is_bounded() -> None:
    """The limit itself is allowed, one more is not."""
    json_object(nested(MAX_DEPTH))

    with pytest.raises(InputError):
        json_object(nested(MAX_DEPTH + 1))


@given(st.binary())
def test_any_bytes_are_an_object_or_an_input_error(body: bytes) -> None:
    """Decoding raises nothing else."""
    try:
        value = json_object(body)
    except InputError:
        return

    assert isinstance(value, dict)
