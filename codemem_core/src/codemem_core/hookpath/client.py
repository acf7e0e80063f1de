"""A request to the local server, for commands that cannot wait for an HTTP library to load.

On the hook path: stdlib `_socket` and `time` only. `import httpx` alone takes ten times as long as
the whole request.
"""

from __future__ import annotations

import _socket  # what `socket` wraps: without its enums and selectors a hook is 3 ms of 24 quicker
import time

_MAX_REPLY_BYTES = 4 * 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024


def post_json(  # noqa: PLR0913 - two deadlines and a token, each by name
    target: str,
    path: str,
    body: bytes,
    *,
    connect_s: float,
    total_s: float,
    token: str | None = None,
) -> tuple[int, bytes]:
    """Send a JSON body and return status and body of the reply.

    `target` is the path of a Unix socket (starts with `/`) or `host:port`. The connection must
    stand after `connect_s`, the reply be complete after `total_s`, both counted from the call.
    Raises `OSError` when that fails, whatever the reason: refused, too late, not HTTP.
    """
    deadline = time.monotonic() + total_s
    link = _connect(target, min(connect_s, total_s))
    try:
        _wait_until(link, deadline)
        link.sendall(_head(target, path, len(body), token) + body)
        return _reply(link, deadline)
    finally:
        link.close()


def get(target: str, path: str, *, total_s: float) -> tuple[int, bytes]:
    """Ask for a path and return status and body of the reply; otherwise as `post_json`."""
    deadline = time.monotonic() + total_s
    link = _connect(target, total_s)
    try:
        _wait_until(link, deadline)
        link.sendall(_head(target, path, 0, None, method="GET"))
        return _reply(link, deadline)
    finally:
        link.close()


def _connect(target: str, timeout_s: float) -> _socket.socket:
    if target.startswith("/"):
        link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        link.settimeout(timeout_s)
        try:
            link.connect(target)
        except OSError:
            link.close()
            raise
        return link
    host, _, port = target.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise OSError(f"not a `host:port`: `{target}`")
    import socket  # noqa: PLC0415 - see above

    return socket.create_connection((host.strip("[]"), int(port)), timeout_s)


def _head(target: str, path: str, length: int, token: str | None, *, method: str = "POST") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {'localhost' if target.startswith('/') else target}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    # A line break in a setting would be a header of its own.
    if any("\r" in line or "\n" in line for line in lines):
        raise OSError("line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _reply(link: _socket.socket, deadline: float) -> tuple[int, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(link, deadline)
        if len(data) > _MAX_HEAD_BYTES:
            raise OSError("the reply's headers have no end")
    head, _, body = data.partition(b"\r\n\r\n")
    status, length = _parse(head)
    if length > _MAX_REPLY_BYTES:
        raise OSError(f"the reply is too long: {length} bytes")
    parts, missing = [body], length - len(body)
    while missing > 0:
        parts.append(_more(link, deadline))
        missing -= len(parts[-1])
    return status, b"".join(parts)[:length]


def _parse(head: bytes) -> tuple[int, int]:
    """Return status and body length; our server gives every reply its length."""
    first, *lines = head.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        raise OSError("the reply is not HTTP")
    fields = (line.partition(b":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    length = headers.get(b"content-length", b"")
    if b"transfer-encoding" in headers or not length.isdigit() or len(length) > 10:
        raise OSError("the reply does not say how long it is")
    return int(status), int(length)


def _more(link: _socket.socket, deadline: float) -> bytes:
    _wait_until(link, deadline)
    data = link.recv(65_536)
    if not data:
        raise ConnectionResetError("the reply ended early")
    return data


def _wait_until(link: _socket.socket, deadline: float) -> None:
    """Let the next operation take what remains: `settimeout` alone would start anew each time."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no complete reply in time")
    link.settimeout(left)


def answers(target: str, *, timeout_s: float = 1.0) -> bool:
    """Say whether a server listens at `target`."""
    try:
        _connect(target, timeout_s).close()
    except OSError:
        return False
    return True
