"""The listeners: who is slow is hung up on, who is quick is served."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from litestar import Litestar, get

from codemem_viewer.guard import Door
from codemem_viewer.listen import listen_unix, serve

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@get("/")
async def hello() -> str:
    """Answer."""
    return "hello"


def talk(path: Path, client: Client) -> None:
    """Serve on a socket while `client` talks to it."""

    async def main() -> None:
        listeners = [(listen_unix(str(path)), Door.unix())]
        server = asyncio.create_task(serve(Litestar([hello]), listeners, max_body_bytes=1000))
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
    monkeypatch.setattr("codemem_viewer.listen.HEAD_S", 0.05)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await asyncio.wait_for(reader.read(), 10) == b""

    talk(tmp_path / "s", silent)


def test_second_request_has_a_deadline_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One good request does not buy time for a bad one."""
    monkeypatch.setattr("codemem_viewer.listen.HEAD_S", 0.2)

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
