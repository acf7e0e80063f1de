"""Where one database's server lives, and how to reach it from outside."""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Self

from codemem_core.config.settings import Settings
from codemem_core.errors import SettingsError, StoreError
from codemem_core.hookpath.client import post_json
from codemem_core.paths import (
    open_private,
    run_folder,
    server_lock_path,
    socket_path,
    viewer_token_path,
)
from codemem_viewer.lock import ServerLock

_ANSWER_S = 2.0
_TOKEN_LENGTH = 22
"""128 bits in base64."""
_TOKEN_LETTERS = 8
"""Random text of that length has more; a repeated word has fewer."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one database's server."""

    db: str
    socket: str
    log: str
    lock: str

    @classmethod
    def of(cls, db: str) -> Self:
        """Return the place for the database at `db`; its folders are made, and are ours alone.

        The socket of a database deep down lies elsewhere (`socket_path`); the lock never does: in
        `/tmp` it could be cleaned away under a running server.
        """
        folder, name = os.path.split(db)
        stem = os.path.join(folder, "run", name)
        path = socket_path(db)
        for each in {os.path.dirname(path), os.path.dirname(stem)}:
            run_folder(each)
            # Whoever may enter may connect: some systems ignore a socket's own permissions.
            os.chmod(each, 0o700)
        return cls(db=db, socket=path, log=f"{stem}.log", lock=server_lock_path(db))

    def server_lock(self) -> ServerLock:
        """Return the lock, not yet taken."""
        return ServerLock(self.lock)


class WeakToken(SettingsError):
    """A chosen token that could be guessed."""


def new_viewer_token(settings: Settings, db: str) -> str:
    """Return what programs must show over TCP: `CODEMEM_VIEWER_TOKEN`, or a new one in a file.

    Raises `WeakToken` for a chosen one of less than 128 bits, `StoreError` for a file that somebody
    else made.
    """
    chosen = settings.text("viewer_token")
    if chosen:
        if len(chosen) < _TOKEN_LENGTH or len(set(chosen)) < _TOKEN_LETTERS:
            raise WeakToken(
                "`CODEMEM_VIEWER_TOKEN` is too short to be a secret",
                hint="unset it, or set what `openssl rand -base64 32` prints",
            )
        return chosen
    path = viewer_token_path(db)
    with open(open_private(path, flags=os.O_RDWR | os.O_CREAT), "r+", encoding="ascii") as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            raise StoreError(f"the token belongs to another user: `{path}`", hint="remove it")
        os.fchmod(file.fileno(), 0o600)
        file.truncate()
        token = secrets.token_urlsafe(32)
        file.write(token + "\n")
    return token


def page_link(place: Place, url: str, path: str = "") -> str:
    """Return a link to a page that opens without asking for a key, once; raises `OSError`.

    `url` is what the running server noted; `path` has no leading slash.
    """
    status, body = post_json(
        place.socket, "/api/links", b"{}", connect_s=_ANSWER_S, total_s=_ANSWER_S
    )
    if status != 200:
        raise OSError(f"the server answers {status}")
    return f"{url}{path}#code={json.loads(body)['code']}"


def answers(place: Place) -> bool:
    """Say whether a server answers on the socket."""
    request = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with _connected(place) as client:
            client.sendall(request)
            return client.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def server_pid(place: Place) -> int | None:
    """Return the process that serves the database, or None.

    The kernel says who listens on the socket; when its file has vanished, who holds the lock.
    """
    return _listener_pid(place) or place.server_lock().holder()


def _listener_pid(place: Place) -> int | None:
    try:
        with _connected(place) as client:
            if sys.platform == "linux":
                told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                return int(struct.unpack("3i", told)[0])
            told = client.getsockopt(0, 2, 4)  # SOL_LOCAL, LOCAL_PEERPID
            return int(struct.unpack("i", told)[0])
    except OSError:
        return None


def _connected(place: Place) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(_ANSWER_S)
    try:
        client.connect(place.socket)
    except OSError:
        client.close()
        raise
    return client
