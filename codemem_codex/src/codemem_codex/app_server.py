"""Codex's app server: the only way for a program to say which hooks the user trusts.

`codex app-server` speaks JSON-RPC, a message a line, on its standard streams, and ends when its
input does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from signal import SIGKILL
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from threading import Timer
from typing import Any

from codemem_core.api import CodememError, InputError, __version__

Ask = Callable[[str, Mapping[str, Any]], Any]
_ANSWER_S = 30.0
"""For everything together: the first start unpacks Codex's own skills."""


@contextmanager
def app_server() -> Iterator[Ask]:
    """Start the server and give what asks it; it is gone afterwards.

    Asking takes a method and its parameters, returns the result, and raises `CodememError`.
    """
    try:
        command = ["codex", "app-server"]
        process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True, start_new_session=True
        )
    except OSError as error:
        raise InputError("codex cannot be started", hint="install Codex first") from error
    timer = Timer(_ANSWER_S, process.kill)
    timer.start()
    try:
        ask = _asking(process)
        ask("initialize", {"clientInfo": {"name": "codemem", "version": __version__}})
        _send(process, {"method": "initialized"})
        yield ask
    finally:
        with suppress(TimeoutExpired):
            process.communicate(timeout=5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)  # also what Codex started: it looks for plugins
        process.wait()
        timer.cancel()


def _asking(process: Popen[str]) -> Ask:
    numbers = count(1)

    def ask(method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        number = next(numbers)
        _send(process, {"id": number, "method": method, "params": params})
        for line in process.stdout or ():
            reply = json.loads(line)
            if reply.get("id") == number and "error" in reply:
                raise CodememError(f"codex refused {method}: {reply['error'].get('message')}")
            if reply.get("id") == number:
                return reply.get("result")
        raise CodememError(f"codex does not answer {method}", hint="codex app-server")

    return ask


def _send(process: Popen[str], message: Mapping[str, Any]) -> None:
    try:
        assert process.stdin  # it is a pipe
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
    except OSError as error:
        raise CodememError("codex app-server has ended", hint="codex app-server") from error
