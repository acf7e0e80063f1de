"""The small HTTP client, against real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codemem_core.hookpath.client import post_json

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """A server that keeps what it received and answers what it was told to."""

    def __init__(self, listener: socket.socket, pieces: tuple[bytes, ...], pause_s: float) -> None:
        self.request = b""
        self._listener, self._pieces, self._pause_s = listener, pieces, pause_s

    def serve(self) -> None:
        """Answer one connection."""
        link, _ = self._listener.accept()
        with link:
            link.settimeout(5)
            while not self.request.endswith(b"{}"):
                self.request += link.recv(65_536)
            for piece in self._pieces:
                try:
                    link.sendall(piece)
                except OSError:
                    return
                time.sleep(self._pause_s)


@contextmanager
def peer(*pieces: bytes, at: Path | None = None, pause_s: float = 0) -> Iterator[tuple[Peer, str]]:
    """Serve one connection on loopback, or on the Unix socket `at`."""
    listener = socket.socket(socket.AF_UNIX if at else socket.AF_INET)
    listener.bind(str(at) if at else ("127.0.0.1", 0))
    listener.listen()
    server = Peer(listener, pieces, pause_s)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server, str(at) if at else f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(10)
        listener.close()


def post(target: str, *, total_s: float = 5, token: str | None = None) -> tuple[int, bytes]:
    """Send an empty object."""
    return post_json(target, "/api/pack", b"{}", connect_s=1, total_s=total_s, token=token)


def test_tcp_request_has_what_the_guard_asks_for() -> None:
    """Host with port, content type, length and token."""
    with peer(OK) as (server, target):
        answer = post(target, token="secret")

    head = server.request.decode().split("\r\n")
    assert answer == (200, b"{}")
    assert head[0] == "POST /api/pack HTTP/1.1"
    assert {f"Host: {target}", "Authorization: Bearer secret"} <= set(head)
    assert {"Content-Type: application/json", "Content-Length: 2", "Connection: close"} <= set(head)


def test_unix_socket_request_needs_no_token(tmp_path: Path) -> None:
    """The folder's permissions are the authentication."""
    with peer(OK, at=tmp_path / "s.sock") as (server, target):
        answer = post(target)

    assert answer == (200, b"{}")
    assert b"\r\nHost: localhost\r\n" in server.request
    assert b"Authorization" not in server.request


def test_reply_may_come_in_pieces() -> None:
    """Head and body are put together, and what follows the body is not read."""
    pieces = b"HTTP/1.1 4", b"04 No\r\ncontent-le", b"ngth: 4\r\n\r\nab", b"cd", b"ef"
    with peer(*pieces, pause_s=0.02) as (_, target):
        assert post(target) == (404, b"abcd")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
)
def test_what_is_no_reply_is_an_os_error(reply: bytes) -> None:
    """Callers have one error to expect, and memory stays bounded."""
    with peer(reply) as (_, target), pytest.raises(OSError, match=r"."):
        post(target)


def test_a_trickling_reply_ends_at_the_deadline() -> None:
    """Each byte in time is not enough: the whole reply has to be."""
    with peer(*(b"H" for _ in range(50)), pause_s=0.02) as (_, target), pytest.raises(TimeoutError):
        post(target, total_s=0.2)


@pytest.mark.parametrize("target", ["127.0.0.1:1", "/nowhere/s.sock", "127.0.0.1:x", "nonsense"])
def test_nobody_there_is_an_os_error(target: str) -> None:
    """Refused, missing and unreadable addresses alike."""
    with pytest.raises(OSError, match=r"."):
        post(target)


def test_a_setting_cannot_add_a_header() -> None:
    """A token with a line break is refused, not sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(OSError, match="line break"):
            post(f"127.0.0.1:{port}", token="a\r\nX-Other: b")
