"""Listen on the Unix socket and on loopback TCP, each with its own door, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import uvicorn

from codemem_core.errors import CodememError, SettingsError
from codemem_viewer.guard import Door, Guard

if TYPE_CHECKING:
    from litestar import Litestar

Listener = tuple[socket.socket, Door]
"""A listening socket and what may come in by it."""

CONNECTIONS = 64
"""Per listener, so that whoever fills up TCP does not keep the hooks out of the socket."""
GRACE_S = 10.0
"""How long a stopping server waits for requests it has begun."""


class PortTaken(CodememError):
    """Another program listens on the TCP port."""


def listen_unix(path: str) -> socket.socket:
    """Return a listening Unix socket that only this user can reach.

    Whatever lies at `path` is replaced: call it under the server lock, in a private folder.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o077)
    try:
        listener.bind(path)
    finally:
        os.umask(umask)
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
        raise PortTaken(
            f"cannot listen on `{host}:{port}`: {error.strerror}",
            hint="choose another with `--port` or `CODEMEM_VIEWER_PORT`",
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


async def serve(app: Litestar, listeners: Sequence[Listener], *, max_body_bytes: int) -> None:
    """Serve `app` on every listener until SIGTERM or SIGINT, then finish what was begun."""
    servers = [_Server(_config(app, door, max_body_bytes)) for _, door in listeners]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    sockets = [listener for listener, _ in listeners]
    async with app.lifespan():
        await asyncio.gather(
            *(server.serve([own]) for server, own in zip(servers, sockets, strict=True))
        )


def _config(app: Litestar, door: Door, max_body_bytes: int) -> uvicorn.Config:
    return uvicorn.Config(
        Guard(app, door, max_body_bytes=max_body_bytes),
        http="h11",
        ws="none",
        lifespan="off",  # once, around both
        log_config=None,
        access_log=False,  # it prints query strings
        proxy_headers=False,  # any local client could claim to be another
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=int(GRACE_S),
    )
