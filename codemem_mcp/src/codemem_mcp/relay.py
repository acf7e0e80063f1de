"""`codemem mcp`: carries an agent's requests from standard input to the local server.

The SDK that answers them is loaded there already, so a session begins 20 times sooner than with an
SDK of its own. Without a server the requests are answered here, which loads it. Stdlib only.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.hookpath.client import post_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]

PATH = "/api/mcp"
MAX_LINE_BYTES = 4 * 1024 * 1024
AT_ONCE = 8
"""Requests answered side by side; the next ones wait in the pipe."""
LAST_ANSWERS_S = 1.5
"""How long the end of standard input waits for requests under way."""
_CONNECT_S = 1.0
_TOTAL_S = 30.0
_SESSION = "CLAUDE_CODE_SESSION_ID"
"""The one host that tells its servers which session they serve."""
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603


def main(arguments: list[str]) -> int:
    """Relay until standard input ends; options are left to `codemem_mcp.command`."""
    if arguments:
        from codemem_cli.app import run  # noqa: PLC0415 - click costs 60 ms

        return run(["mcp", *arguments])
    settings = Settings.load()
    try:
        return relay(settings, paths.database_path(settings))
    except CodememError as error:
        sys.stderr.write(f"codemem: {error}\nhint: {error.hint}\n")
        return error.exit_code


def program() -> int:
    """Be the program `codemem-mcp`, for clients that take a command without arguments."""
    return main(sys.argv[1:])


def relay(settings: Settings, database: str) -> int:
    """Answer the requests on standard input on standard output, line by line; return 0."""
    wire_in, wire_out = _take_wires()
    session = _Session(settings, database)
    desk = _Desk(session.answer, wire_out)
    with open(wire_in, "rb") as lines:
        while line := lines.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = lines.readline(MAX_LINE_BYTES)
                desk.say(_error(None, _INVALID_REQUEST, "the message is too long"))
            else:
                desk.take(line)
    desk.finish()
    return 0


def _take_wires() -> tuple[int, int]:
    """Return standard input and output as new descriptors, and lead the old ones elsewhere.

    Whatever else in this process prints or reads, a plugin for example, must not meet the protocol.
    """
    wires = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return wires


class _Desk:
    """Takes lines, has each request answered in a thread of its own, writes the answers."""

    def __init__(self, answer: Answer, wire: int) -> None:
        self._answer = answer
        self._wire = wire
        self._writing = threading.Lock()
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def take(self, line: bytes) -> None:
        """See to a line; a notification needs no answer."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            if line.strip():
                self.say(_error(None, _PARSE_ERROR, "not JSON"))
            return
        if not isinstance(message, dict):
            self.say(_error(None, _INVALID_REQUEST, "not a JSON-RPC message"))
        elif "method" in message and message.get("id") is not None:
            self._free.acquire()
            threading.Thread(target=self._serve, args=(message,), daemon=True).start()

    def say(self, message: dict[str, Any]) -> None:
        """Write one message on one line."""
        data = json.dumps(message).encode("ascii") + b"\n"
        with self._writing:
            try:
                while data:
                    data = data[os.write(self._wire, data) :]
            except OSError:
                os._exit(0)  # nobody reads any more

    def finish(self) -> None:
        """Wait a moment for the answers that are under way."""
        give_up = time.monotonic() + LAST_ANSWERS_S
        for _ in range(AT_ONCE):
            self._free.acquire(timeout=max(0.0, give_up - time.monotonic()))
        self._writing.acquire(timeout=0.1)  # a line is written whole or not at all

    def _serve(self, request: dict[str, Any]) -> None:
        try:
            for message in self._answer(request):
                self.say(message)
        except InputError as error:
            self.say(_error(request["id"], _INVALID_REQUEST, str(error)))
        except CodememError as error:
            self.say(_error(request["id"], _INTERNAL_ERROR, str(error)))
        finally:
            self._free.release()


class _Session:
    """One agent's session: what it began with, and who answers."""

    def __init__(self, settings: Settings, database: str) -> None:
        self._settings = settings
        self._database = database
        self._hello: dict[str, Any] | None = None
        self._local: Answer | None = None
        self._loading = threading.Lock()
        self._name = os.urandom(12).hex()
        environ = settings.environ
        self._caller = {
            "cwd": os.getcwd(),
            "project": environ.get("CODEMEM_PROJECT") or None,
            "session": environ.get(_SESSION, ""),
        }

    def answer(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the messages that answer a request: the server's, else our own.

        A server that ends in the middle is asked nothing twice: its successor, or this process,
        knows a call that writes by its name.
        """
        caller = {**self._caller, "call": f"{self._name}-{request['id']}"}
        asked = {"hello": self._hello, "request": request, "caller": caller}
        if request["method"] == "initialize":
            asked["hello"], self._hello = None, request
        try:
            return self._from_server(asked)
        except OSError:
            return self._answer_here(asked)

    def _from_server(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        socket = paths.socket_path(self._database)
        try:
            paths.check_private_folder(os.path.dirname(socket))
        except CodememError as error:
            raise OSError(str(error)) from error
        body = json.dumps(asked).encode("ascii")
        status, reply = post_json(socket, PATH, body, connect_s=_CONNECT_S, total_s=_TOTAL_S)
        if status != 200:
            raise OSError(f"the server answered {status}")
        try:
            messages: list[dict[str, Any]] = json.loads(reply)["messages"]
        except (ValueError, KeyError, TypeError) as error:
            raise OSError(f"the server answered nonsense: {error}") from error
        return messages

    def _answer_here(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        with self._loading:
            if self._local is None:
                from codemem_mcp.local import local_answers  # noqa: PLC0415 - costs a second

                self._local = local_answers(self._settings, self._database)
        return self._local(asked)


def _error(request_id: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
