"""Vectors from an OpenAI-compatible server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import AuthError, PermanentError, SettingsError, TransientError
from codemem_observers.embeddings import EmbeddingEndpoint


class Server(ThreadingHTTPServer):
    """Gives the answer it was told to give and keeps what it was asked."""

    status = 200
    answer: Any = None
    asked: Any = None
    authorization: str | None = None


class Answering(BaseHTTPRequestHandler):
    """One request of `Server`."""

    server: Server

    def do_POST(self) -> None:
        """Keep the request and answer."""
        length = int(self.headers["Content-Length"])
        self.server.asked = (self.path, json.loads(self.rfile.read(length)))
        self.server.authorization = self.headers["Authorization"]
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Listen on loopback."""
    with Server(("127.0.0.1", 0), Answering) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def endpoint(server: Server) -> EmbeddingEndpoint:
    """Return the embedder for that server."""
    base = f"http://127.0.0.1:{server.server_port}/v1/"
    named = {"CODEMEM_EMBEDDING_BASE_URL": base, "CODEMEM_EMBEDDING_MODEL": "small"}
    return EmbeddingEndpoint(Settings.load({**named, "CODEMEM_EMBEDDING_API_KEY": "key-1"}))


def rows(*vectors: list[float]) -> dict[str, Any]:
    """Return an answer with the vectors in reverse order, as a server may send them."""
    found = [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    return {"data": found[::-1]}


def test_vectors_come_in_the_order_asked(server: Server) -> None:
    """Whatever the order of the answer."""
    server.answer = rows([1.0, 0.0], [0.0, 1.0])
    asked = endpoint(server)

    assert asked.embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]
    assert server.asked == ("/v1/embeddings", {"model": "small", "input": ["a", "b"]})
    assert server.authorization == "Bearer key-1"
    assert asked.model == "small@endpoint"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthError), (429, TransientError), (503, TransientError), (404, PermanentError)],
)
def test_failures_have_a_class(server: Server, status: int, error: type[Exception]) -> None:
    """As those of observers."""
    server.status = status

    with pytest.raises(error, match=str(status) if error is not AuthError else "refused"):
        endpoint(server).embed(["a"])


@pytest.mark.parametrize("answer", [{}, [], rows([1.0]), rows([1.0], [1.0, 2.0]), {"data": [1, 2]}])
def test_what_are_no_vectors_is_refused(server: Server, answer: object) -> None:
    """Too few, of two lengths, or nothing of the kind."""
    server.answer = answer

    with pytest.raises(PermanentError):
        endpoint(server).embed(["a", "b"])


def test_a_server_that_is_not_there_is_transient() -> None:
    """Port 9 of loopback: nobody listens; the key is in no message."""
    settings = Settings.load(
        {"CODEMEM_EMBEDDING_BASE_URL": "http://127.0.0.1:9", "CODEMEM_EMBEDDING_API_KEY": "key-1"}
    )

    with pytest.raises(TransientError) as caught:
        EmbeddingEndpoint(settings).embed(["a"])

    assert "key-1" not in str(caught.value)


def test_without_an_address_there_is_no_endpoint() -> None:
    """It says which setting is missing."""
    with pytest.raises(SettingsError, match="no server"):
        EmbeddingEndpoint(Settings.load({}))
