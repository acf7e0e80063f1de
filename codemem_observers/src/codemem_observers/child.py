"""Run a child process that cannot outstay its welcome, nor leave anything behind."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

_LOOK_S = 0.02
"""How often to look whether the child ended while a grandchild keeps its output open."""
_CHUNK = 65_536
_REAPER = (sys.executable, "-I", "-S", os.path.join(os.path.dirname(__file__), "reaper.py"))
_FAREWELL_S = 10.0
"""How long the reaper may take to end everything; it gives up after 5 s of trying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended."""

    problem: str = ""
    """`missing` (could not start), `slow` or `long` (killed at a limit), or empty."""
    code: int | None = None
    """Its exit code; None when there was a problem."""
    output: bytes = b""
    """What it printed; nothing when there was a problem."""


def run_child(  # noqa: PLR0913 - a child has as many limits as it has
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: str,
    timeout_s: float,
    max_bytes: int,
    stdin: bytes = b"",
) -> Ended:
    """Run a program to its end or to its limits.

    No shell; what it says on standard error is nobody's business. A reaper (`reaper.py`) stands
    between: whatever the child started is killed before this returns, and when codemem itself dies.
    """
    ours, reapers = socket.socketpair()
    with ours:
        try:
            with reapers:
                reaper = subprocess.Popen(
                    [*_REAPER, str(reapers.fileno()), *argv],
                    stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=dict(environ),
                    cwd=cwd,
                    pass_fds=[reapers.fileno()],
                    start_new_session=True,
                )
        except (OSError, ValueError):  # ValueError: a NUL in an argument
            return Ended(problem="missing")
        with reaper:
            try:
                talk = _Talk(reaper, stdin, time.monotonic() + timeout_s, max_bytes)
                problem = talk.problem()
            finally:
                _dismiss(reaper, ours)
        report = ours.recv(64).decode()
    if problem or not report.lstrip("-").isdecimal():
        return Ended(problem=problem or report or "slow")
    return Ended(code=int(report), output=bytes(talk.output))


class _Talk:
    """Feeds a child and listens to it, both without waiting for either."""

    def __init__(
        self, child: subprocess.Popen[bytes], stdin: bytes, deadline: float, max_bytes: int
    ) -> None:
        self.output = bytearray()
        self._child = child
        self._unsaid = memoryview(stdin)
        self._deadline = deadline
        self._max_bytes = max_bytes

    def problem(self) -> str:
        """Talk until the child ended; return which limit it broke, or an empty text."""
        with selectors.DefaultSelector() as selector:
            out = _pipe(self._child.stdout)
            selector.register(out, selectors.EVENT_READ)
            if self._child.stdin is not None:
                os.set_blocking(self._child.stdin.fileno(), False)
                selector.register(self._child.stdin, selectors.EVENT_WRITE)
            while (left := self._deadline - time.monotonic()) > 0:
                ended = self._child.poll() is not None
                ready = [key.fileobj for key, _ in selector.select(0 if ended else _pause(left))]
                if self._child.stdin in ready:
                    self._say(selector)
                if out in ready and not self._listen(out):
                    return "" if self._ends() else "slow"
                if len(self.output) > self._max_bytes:
                    return "long"
                if ended and not ready:
                    return ""
        return "slow"

    def _say(self, selector: selectors.BaseSelector) -> None:
        """Write what the pipe takes; close it after the last byte, or when nobody listens."""
        pipe = _pipe(self._child.stdin)
        with suppress(BrokenPipeError):
            self._unsaid = self._unsaid[os.write(pipe.fileno(), self._unsaid[:_CHUNK]) :]
            if self._unsaid:
                return
        selector.unregister(pipe)
        pipe.close()

    def _listen(self, pipe: IO[bytes]) -> bool:
        chunk = os.read(pipe.fileno(), _CHUNK)
        self.output += chunk
        return bool(chunk)

    def _ends(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(max(0.0, self._deadline - time.monotonic()))
        return self._child.returncode is not None


def _pause(left: float) -> float:
    return min(left, _LOOK_S)


def _dismiss(reaper: subprocess.Popen[bytes], ours: socket.socket) -> None:
    """Have the reaper end what is left, and wait until it did."""
    ours.shutdown(socket.SHUT_WR)
    try:
        reaper.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        reaper.kill()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the child was started without a pipe")
    return pipe
