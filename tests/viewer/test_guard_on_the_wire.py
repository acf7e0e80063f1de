"""The guard behind a real HTTP server and a real socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def wire(served: Any) -> Iterator[http.client.HTTPConnection]:
    """Return a plain connection to the TCP door."""
    connection = http.client.HTTPConnection(urlsplit(served.url()).netloc, timeout=10)
    yield connection
    connection.close()


def test_health_is_open_and_says_little(wire: http.client.HTTPConnection) -> None:
    """Name and version, and the headers of every answer."""
    wire.request("GET", "/api/health")
    answer = wire.getresponse()

    assert answer.status == 200
    assert answer.read() == b'{"name":"codemem","version":"1.0.0"}'
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers


def test_tcp_wants_the_token_and_the_socket_does_not(served: Any) -> None:
    """The same route, by both doors."""
    with served.tcp() as known, served.tcp(Authorization="Bearer no") as unknown:
        assert known.get("/api/stats").status_code == 200
        assert unknown.get("/api/stats").status_code == 401
        assert unknown.get("/api/stats").json() == {"error": "token required"}
    with served.unix() as client:
        assert client.get("/api/stats").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1"}, 200),
    ],
)
def test_wrong_headers_are_refused_on_the_wire(
    served: Any, headers: dict[str, str], status: int
) -> None:
    """What the table says holds through the HTTP server too."""
    with served.tcp(**headers) as client:
        assert client.get("/api/stats").status_code == status


def test_browser_is_refused_on_the_socket(served: Any) -> None:
    """A page that got there through some proxy has an Origin, and none is right."""
    with served.unix() as client:
        answer = client.get("/api/stats", headers={"Origin": "http://localhost"})
        elsewhere = client.get("/api/stats", headers={"Host": "evil.example"})

    assert (answer.status_code, elsewhere.status_code) == (403, 421)


def test_request_that_claims_the_socket_is_not_believed(served: Any) -> None:
    """By which door a request came is the listener's word, not the request's."""
    with served.tcp(Authorization="", Host="localhost") as client:
        assert client.get("/api/stats").status_code == 421


def test_declared_length_over_the_limit_is_refused_at_once(served: Any) -> None:
    """Nobody waits for a terabyte."""
    host, port = urlsplit(served.url()).netloc.split(":")
    token = served.environ["CODEMEM_VIEWER_TOKEN"]
    head = (
        f"POST /api/raw-events HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000000000000\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n\r\n{{"
    )
    with socket.create_connection((host, int(port)), timeout=3) as client:
        client.sendall(head.encode())
        answer = client.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"payload too large" in answer


def test_body_over_the_limit_hears_why(served: Any) -> None:
    """A client that sends all of it first still gets the answer."""
    with served.tcp() as client:
        answer = client.post("/api/raw-events", content=b" " * 4_000_000, headers=JSON)

    assert answer.status_code == 413
