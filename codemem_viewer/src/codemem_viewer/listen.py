"""Listen on the Unix socket and on loopback TCP, each with its own door, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import uvicorn

from codemem_core.errors import CodememError, SettingsError
from codemem_viewer.guard import Door, Guard
from codemem_viewer.protocol import BoundedProtocol

if TYPE_CHECKING:
    from litestar import Litestar

    from codemem_viewer.guard import Application

Listener = tuple[socket.socket, Door]
"""A listening socket and what may come in by it."""

GRACE_S = 10.0
"""How long a stopping server waits for requests it has begun."""


class PortTaken(CodememError):
    """The TCP port cannot be had, most often because another program has it."""


def listen_unix(path: str) -> socket.socket:
    """Return a listening Unix socket at `path`.

    Whatever lies at `path` is replaced: call it under the server lock. Its folder must be private.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    return listener


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening loopback socket; port 0 takes any that is free.

    Raises `SettingsError` for an address others could reach, `PortTaken`.
    """
    address = _loopback(host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen()
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "another program uses it" if taken else error.strerror
        raise PortTaken(
            f"cannot listen on port `{port}` of {host}: {reason}",
            hint="end that program, or set another `CODEMEM_VIEWER_PORT`; then restart",
        ) from error
    return listener


def _loopback(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise SettingsError(f"not an address: `{host}`", hint="use 127.0.0.1") from error
    if not address.is_loopback:
        raise SettingsError(
            f"other machines could reach `{host}`",
            hint="use 127.0.0.1; for a remote machine, forward the port with ssh",
        )
    return address


class _Server(uvicorn.Server):
    """A server that leaves the signals to `serve`: two of them run side by side."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(  # noqa: PLR0913 - each by name
    app: Litestar,
    listeners: Sequence[Listener],
    *,
    max_body_bytes: int,
    stopping: Callable[[], None] = lambda: None,
    around: Application | None = None,
    ends: Sequence[Callable[[], Awaitable[None]]] = (),
) -> None:
    """Serve `app` on every listener until SIGTERM or SIGINT, then finish what was begun.

    `stopping` ends answers that would go on for ever: they are waited for until `GRACE_S` is over.
    `around` is an application around `app` that gets the requests. Serving ends, too, when one of
    `ends` returns.
    """
    servers = [_Server(_config(around or app, door, max_body_bytes)) for _, door in listeners]

    def stop() -> None:
        stopping()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    sockets = [listener for listener, _ in listeners]
    async with app.lifespan():
        endings = [asyncio.create_task(_end(over, stop)) for over in ends]
        await asyncio.gather(
            *(server.serve([own]) for server, own in zip(servers, sockets, strict=True))
        )
        for ending in endings:
            ending.cancel()


async def _end(over: Callable[[], Awaitable[None]], stop: Callable[[], None]) -> None:
    await over()
    stop()


def _config(app: Application, door: Door, max_body_bytes: int) -> uvicorn.Config:
    return uvicorn.Config(
        Guard(app, door, max_body_bytes=max_body_bytes),
        http=BoundedProtocol,
        ws="none",
        lifespan="off",  # once, around both
        log_config=None,
        log_level="error",  # its warnings are one a malformed request: anybody could fill the log
        access_log=False,  # it prints query strings
        proxy_headers=False,  # any local client could claim to be another
        server_header=False,
        timeout_graceful_shutdown=int(GRACE_S),
    )
