"""The guard: every request passes here before any route sees it, and nothing passes by default.

It wraps the whole application, so a route added tomorrow, by us or by a plugin, is behind it. Each
listener has its own `Guard` with its own `Door`: by which door a request came is a fact of the
listener that accepted it, not something a request can claim.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from codemem_viewer.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Any, Any, Any], Awaitable[None]]

FILES = (
    *("app.css", "pages.css", "favicon.svg"),
    *("app.js", "key.js", "list.js", "live.js", "rows.js", "shortcuts.js"),
)
"""What the frame needs, in `assets/`."""
OPEN = frozenset(
    {
        ("GET", "/api/health"),
        *(("GET", f"/assets/{name}") for name in FILES),
        ("POST", "/api/links/open"),
    }
)
"""What needs no token beside pages: nothing of it reveals anything about its user."""
_PAGE = re.compile(r"/(?!(?i:api|assets)(?:/|$))(?:[\w-][\w.-]*(?:/[\w-][\w.-]*)*)?", re.ASCII)
"""Addresses of pages: whatever is written so gets the same empty frame, known or not."""


def is_open(method: str, path: str) -> bool:
    """Say whether a request needs no token.

    The rest of the guard still applies to it. A browser sends no `Authorization` when it opens a
    page, so the frame must be open; what fills it is asked for with the token.
    """
    return (method, path) in OPEN or (method == "GET" and _PAGE.fullmatch(path) is not None)


MAX_BODY_BYTES = 1024 * 1024
BODY_S = 5.0
"""How long a client may take to send its body."""
DISCARD_BYTES = 16 * MAX_BODY_BYTES
"""How much of a refused body is read and thrown away: a client still sending hears no answer."""
REQUESTS = 64
"""Requests with a token that are answered at a time, by one listener; live pages included."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = frozenset({b"same-origin", b"none"})

HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; "
    b"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    b"form-action 'self'",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"cache-control": b"no-store",
}
"""On every answer; a route cannot weaken them."""


@dataclass(frozen=True, slots=True)
class Door:
    """What one listener lets through."""

    hosts: frozenset[bytes]
    """`Host` headers, whole: the one thing a page that rebinds its name to us cannot have."""
    origins: frozenset[bytes]
    """`Origin` headers; a request without one is judged by the rest."""
    keys: Keys | None = None
    """What `Authorization: Bearer` may say; None where the listener itself is private."""

    @classmethod
    def tcp(cls, host: str, port: int, *, keys: Keys) -> Self:
        """Return the door of a loopback listener: anybody on this machine can knock."""
        name = f"[{host}]" if ":" in host else host
        # No page can rebind its own name to one of these, whichever we listen on.
        hosts = [f"{each}:{port}".encode() for each in {name, "localhost", "127.0.0.1", "[::1]"}]
        origins = frozenset(b"http://" + each for each in hosts)
        return cls(frozenset(hosts), origins, keys)

    @classmethod
    def unix(cls) -> Self:
        """Return the door of the Unix socket: its folder keeps everybody else out.

        No browser comes this way, so no origin is right.
        """
        return cls(frozenset({b"localhost"}), frozenset())


class Refused(Exception):
    """A request that goes no further; `status` and `body` are the answer."""

    def __init__(self, status: int, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": message, **more}


class Guard:
    """An ASGI application around another: refuses, or hands on a request with its body read."""

    def __init__(
        self, app: Application, door: Door, *, max_body_bytes: int = MAX_BODY_BYTES
    ) -> None:
        self._app = app
        self._door = door
        self._max_body_bytes = max_body_bytes
        self._answering = 0

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        """Judge the request; only what the door allows reaches the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            check(scope, self._door)
            _check_room(self._answering)
        except Refused as refused:
            await _refuse(scope, refused, send)
            return
        known = _is_known(scope, self._door)
        self._answering += known
        try:
            await self._answer(scope, receive, send)
        finally:
            self._answering -= known

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        if scope["type"] == "http":
            body = _Body(receive, self._max_body_bytes)
            try:
                receive = _replay(await body.read(scope), receive)
            except Refused as refused:
                await _refuse(scope, refused, send, after=body.discard)
                return
        await self._app(scope, receive, _with_headers(send))


class _Body:
    """The body of one request; time and bytes are counted as they come."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._received = 0
        self._more = True

    async def read(self, scope: Any) -> bytes:  # noqa: ANN401
        """Return the whole body, or raise `Refused`: at once for a length over the limit."""
        if _declared_length(scope["headers"]) > self._limit:
            raise self._too_large()
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(BODY_S):
                while self._more and self._received <= self._limit:
                    chunks.append(await self._next())
        except TimeoutError:
            self._more = False
            raise Refused(408, "the body took too long") from None
        if self._received > self._limit:
            raise self._too_large()
        if self._received and scope["method"] in _READING:
            _check_json(scope["headers"])
        return b"".join(chunks)

    async def discard(self) -> None:
        """Read on for a while: a connection closed on unread bytes loses the answer."""
        with contextlib.suppress(TimeoutError, Refused):
            async with asyncio.timeout(BODY_S):
                while self._more and self._received <= DISCARD_BYTES:
                    await self._next()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
            raise Refused(400, "the body was cut off")
        chunk = message.get("body", b"")
        self._received += len(chunk)
        self._more = bool(message.get("more_body"))
        return bytes(chunk)

    def _too_large(self) -> Refused:
        return Refused(413, "payload too large", max_bytes=self._limit)


def check(scope: Any, door: Door) -> None:  # noqa: ANN401
    """Judge everything but the body, on the raw scope; raise `Refused`."""
    headers = scope["headers"]
    if _values(headers, b"host") not in [[host] for host in door.hosts]:
        raise Refused(421, "wrong host")
    if any(origin not in door.origins for origin in _values(headers, b"origin")):
        raise Refused(403, "forbidden")
    if any(site not in _SAME_SITE for site in _values(headers, b"sec-fetch-site")):
        raise Refused(403, "forbidden")
    method = scope.get("method", "GET")
    if door.keys is not None and not is_open(method, scope["path"]):
        _check_token(headers, door.keys)
    if _values(headers, b"content-encoding"):
        raise Refused(415, "content-encoding is not supported")
    if method not in _READING:
        _check_json(headers)


def _check_token(headers: list[tuple[bytes, bytes]], keys: Keys) -> None:
    given = _values(headers, b"authorization")
    kind, _, credential = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    if kind != b"Bearer" or not keys.accepts(credential):
        raise Refused(401, "token required")


def _check_room(answering: int) -> None:
    if answering >= REQUESTS:
        raise Refused(503, "too many requests at a time")


def _is_known(scope: Any, door: Door) -> bool:  # noqa: ANN401
    """Return whether a checked request showed a token or needs none; mark it for its protocol."""
    is_known = door.keys is None or not is_open(scope.get("method", "GET"), scope["path"])
    if is_known:
        scope.setdefault("state", {})["known"] = True
    return is_known


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return `Content-Length`; the parser has refused what is no number."""
    return max((int(value) for value in _values(headers, b"content-length")), default=0)


def _check_json(headers: list[tuple[bytes, bytes]]) -> None:
    # A page may send text/plain or a form anywhere without being asked; JSON it may not.
    kinds = [kind.partition(b";")[0].strip().lower() for kind in _values(headers, b"content-type")]
    if kinds != [b"application/json"]:
        raise Refused(415, "content-type must be application/json")


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once and then listens on."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


def _with_headers(send: Send) -> Send:
    """Return a `send` that puts our headers on the answer, over the route's own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [pair for pair in message.get("headers", ()) if pair[0].lower() not in HEADERS]
            message = {**message, "headers": [*own, *HEADERS.items()]}
        await send(message)

    return sent


async def _refuse(
    scope: Any,  # noqa: ANN401
    refused: Refused,
    send: Send,
    *,
    after: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Answer with the refusal; `after` runs between the answer's last byte and its end."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps(refused.body).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if after is not None:
        headers.append((b"connection", b"close"))  # the rest of the body may never come
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": after is not None})
    if after is not None:
        await after()
        await send({"type": "http.response.body", "body": b""})
