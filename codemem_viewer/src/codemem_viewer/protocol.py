"""HTTP over one connection, with bounds on what a client that means no good can hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECTIONS = 256
"""Per listener, so that whoever fills up TCP does not keep the hooks out of the socket."""
HEAD_S = 5.0
"""How long a client may take to send the head of a request."""
HEAD_BYTES = 65_536
"""How long that head may be."""
UNREAD_S = 20.0
"""How long a client may leave an answer unread."""
PIPELINED = 8
"""Requests that may wait behind one. One read of 64 KiB can hold a thousand, 14 KB of objects each;
browsers and our own clients send the next one after the answer."""
_TOGETHER_BYTES = 65_536


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with deadlines and limits for heads, pipelines, answers and connections.

    uvicorn limits the pause between two requests only: whoever connects and says nothing, or a
    letter a minute, would keep a place for ever. Nor does its parser limit how long a head is.
    """

    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _active_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock; a connection too many takes the place of the one idle longest."""
        self._active_s = self.loop.time()
        if len(self.connections) >= CONNECTIONS:
            _close_idlest(cast("Iterable[BoundedProtocol]", self.connections))
        super().connection_made(cast("asyncio.Transport", _Together(transport, self.loop)))
        self._deadline = self.loop.call_later(HEAD_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """Stop the clock when the head is complete, start it with the first byte of another."""
        self._active_s = self.loop.time()
        super().data_received(data)
        if self.in_request:
            self._stop_clock()
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self.transport.close()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self.transport.close)

    def on_message_begin(self) -> None:
        """Hang up on a client that sends many requests without waiting for an answer."""
        if len(self.pipeline) >= PIPELINED:
            self.transport.abort()
            raise ConnectionAbortedError  # the parser passes it on as a malformed request
        super().on_message_begin()

    def pause_writing(self) -> None:
        """Give a client that does not read `UNREAD_S`."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting: it reads again."""
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clock()
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def in_request(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def is_known(self) -> bool:
        """Whether the guard let the request in that is being answered."""
        return self.in_request and "known" in self.cycle.scope["state"]

    @property
    def active_s(self) -> float:
        """When the client last sent something, on the loop's clock."""
        return self._active_s

    def _stop_clock(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def _close_idlest(connections: Iterable[BoundedProtocol]) -> None:
    """Hang up on the stranger that has been silent longest; a request let in is never cut off."""
    strangers = [each for each in connections if not each.is_known]
    if strangers:
        min(strangers, key=lambda each: each.active_s).transport.abort()


class _Together:
    """A transport that sends together what is written in one go: head and body of an answer.

    Each send lets go of the interpreter, and waits for it when another thread works.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._written = bytearray()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the transport's own
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send when the loop comes round, or once there is much."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written += data
        if len(self._written) > _TOGETHER_BYTES:
            self._send()

    def close(self) -> None:
        """Send what is left and hang up."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._written:
            written, self._written = self._written, bytearray()
            self._transport.write(written)
