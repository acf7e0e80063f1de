"""Slow and greedy clients are hung up on, quick ones are served."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from litestar import Litestar, get

from codemem_viewer.guard import Door
from codemem_viewer.listen import listen_unix, serve
from codemem_viewer.protocol import PIPELINED

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@get("/")
async def hello() -> str:
    """Answer."""
    return "hello"


@get("/large")
async def large() -> bytes:
    """Answer with more than any socket buffers."""
    return b"x" * 16_000_000


def talk(path: Path, client: Client) -> None:
    """Serve on a socket while `client` talks to it."""

    async def main() -> None:
        listeners = [(listen_unix(str(path)), Door.unix())]
        server = asyncio.create_task(
            serve(Litestar([hello, large]), listeners, max_body_bytes=1000)
        )
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            await client(reader, writer)
        finally:
            writer.close()
            signal.raise_signal(signal.SIGTERM)
            await server

    asyncio.run(main())


def test_silent_client_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request does not keep its place."""
    monkeypatch.setattr("codemem_viewer.protocol.HEAD_S", 0.05)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await asyncio.wait_for(reader.read(), 10) == b""

    talk(tmp_path / "s", silent)


def test_second_request_has_a_deadline_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One good request does not buy time for a bad one."""
    monkeypatch.setattr("codemem_viewer.protocol.HEAD_S", 0.2)

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b"hello")
        writer.write(HEAD)
        assert await asyncio.wait_for(reader.read(), 10) == b""

    talk(tmp_path / "s", trickle)


def test_head_in_pieces_is_served(tmp_path: Path) -> None:
    """Within the time, a request may come as it likes."""

    async def pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in HEAD + b"\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
        assert b"200 OK" in await reader.readuntil(b"hello")

    talk(tmp_path / "s", pieces)


def test_head_without_end_is_hung_up_on(tmp_path: Path) -> None:
    """Header after header takes memory only up to a limit."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        with contextlib.suppress(ConnectionError):
            for _ in range(400):
                writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
                await writer.drain()
            assert b"200" not in await asyncio.wait_for(reader.read(), 2)

    talk(tmp_path / "s", endless)


def test_pipeline_longer_than_a_few_is_hung_up_on(tmp_path: Path) -> None:
    """A thousand requests in one packet would take 14 MB before the first is answered."""

    async def greedy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((HEAD + b"\r\n") * 1000)
        with contextlib.suppress(ConnectionError):
            answered = await asyncio.wait_for(reader.read(), 10)
            assert answered.count(b"200 OK") <= PIPELINED

    talk(tmp_path / "s", greedy)


def test_a_few_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    """HTTP/1.1 allows them."""

    async def modest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((HEAD + b"\r\n") * 4)
        for _ in range(4):
            assert b"200 OK" in await reader.readuntil(b"hello")

    talk(tmp_path / "s", modest)


def test_answer_that_nobody_reads_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in a buffer for a client that does not read is memory."""
    monkeypatch.setattr("codemem_viewer.protocol.UNREAD_S", 0.1)

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain = writer.get_extra_info("socket")
        writer.transport.pause_reading()
        poll = select.poll()
        poll.register(plain.fileno(), select.POLLHUP)
        assert await asyncio.to_thread(poll.poll, 10_000)

    talk(tmp_path / "s", deaf)


def test_newcomer_takes_the_place_of_the_connection_idle_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that say nothing lock nobody out."""
    monkeypatch.setattr("codemem_viewer.protocol.CONNECTIONS", 2)
    path = tmp_path / "s"

    async def first(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        others = [await asyncio.open_unix_connection(str(path)) for _ in range(2)]
        assert await asyncio.wait_for(reader.read(), 10) == b""
        for answer, request in others:
            request.write(HEAD + b"\r\n")
            assert b"200 OK" in await answer.readuntil(b"hello")
            request.close()

    talk(path, first)
