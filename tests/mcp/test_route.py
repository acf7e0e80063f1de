"""The server's side of `codemem mcp`."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from mcp_lab import HELLO

CALLER = {"cwd": "/tmp/demo", "call": "c"}
ENDED = {**HELLO, "method": "ping", "params": {}}


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ([], "request must be a JSON-RPC request"),
        ({"request": {"method": "ping"}, "caller": CALLER}, "request must be a JSON-RPC request"),
        ({"request": ENDED}, "caller must be an object"),
        ({"request": ENDED, "caller": {"cwd": 3}}, "cwd must be string"),
        (
            {"request": ENDED, "caller": CALLER, "hello": ENDED},
            "hello must be an initialize request",
        ),
    ],
)
def test_what_no_relay_sends_is_refused(served: Path, sent: object, problem: str) -> None:
    """Whatever else comes by the socket is told what is wrong with it."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=f"{served}/run/mem.sqlite.sock")) as door:
        answer = door.post("http://localhost/api/mcp", json=sent)

    assert answer.status_code == 400
    assert answer.json() == {"error": problem}
