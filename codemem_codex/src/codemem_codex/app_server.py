"""Codex's app server: the only way for a program to say which hooks the user trusts.

`codex app-server` speaks JSON-RPC, a message a line, on its standard streams, and ends when its
input does.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any

from codemem_core.api import CodememError, InputError, __version__

_ANSWER_S = 30.0
"""For everything together: the first start unpacks Codex's own skills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook as Codex knows it."""

    key: str
    """Names it in Codex's configuration."""
    command: str
    hash: str
    """Changes with its command; trust holds for one."""
    trusted: bool
    enabled: bool


class AppServer:
    """A conversation with `codex app-server`; raises `CodememError` when it goes wrong."""

    def __init__(self) -> None:
        self._number = 0

    def __enter__(self) -> AppServer:
        """Start it and say who is there."""
        try:
            self._process = subprocess.Popen(
                ["codex", "app-server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError as error:
            raise InputError("codex cannot be started", hint="install Codex first") from error
        self._timer = Timer(_ANSWER_S, self._process.kill)
        self._timer.start()
        client = {"name": "codemem", "title": "codemem", "version": __version__}
        self._ask("initialize", {"clientInfo": client})
        self._send({"method": "initialized"})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, and wait until it is gone."""
        self._timer.cancel()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def hooks(self) -> list[Hook]:
        """Return the user's hooks."""
        found = self._ask("hooks/list", {"cwds": [str(Path.home())]})
        return [
            Hook(
                key=each["key"],
                command=each["command"],
                hash=each["currentHash"],
                trusted=each["trustStatus"] == "trusted",
                enabled=each["enabled"],
            )
            for place in found["data"]
            for each in place["hooks"]
            if each.get("command")
        ]

    def write(self, values: Mapping[str, Any]) -> None:
        """Set values of the configuration by their paths; None takes one out."""
        edits = [
            {
                "keyPath": path,
                "value": value,
                "mergeStrategy": "replace" if value is None else "upsert",
            }
            for path, value in values.items()
        ]
        self._ask("config/batchWrite", {"edits": edits})

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        output = self._process.stdout
        for line in output or ():
            try:
                reply = json.loads(line)
            except ValueError:
                continue
            if reply.get("id") != self._number:
                continue
            if "error" in reply:
                raise CodememError(f"codex refused {method}: {reply['error'].get('message')}")
            return reply.get("result")
        raise CodememError(f"codex does not answer {method}", hint="codex app-server")

    def _send(self, message: Mapping[str, Any]) -> None:
        stream = self._process.stdin
        try:
            if stream:
                stream.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
                stream.flush()
        except OSError as error:
            raise CodememError("codex app-server has ended", hint="codex app-server") from error
