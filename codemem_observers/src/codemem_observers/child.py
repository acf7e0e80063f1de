"""Run a child process that cannot outstay its welcome."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

_LOOK_S = 0.02
"""How often to look whether the child ended while a grandchild keeps its output open."""


def run_child(
    argv: Sequence[str], *, timeout_s: float, max_bytes: int, environ: Mapping[str, str]
) -> bytes | None:
    """Return what the child printed, or None when it failed or broke a limit.

    No shell, nothing on standard input, the home folder as working directory. The child leads its
    own process group, and whatever is left of the group is killed before this returns.
    """
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            cwd=os.path.expanduser("~"),
            start_new_session=True,
        )
    except (OSError, ValueError):  # ValueError: a NUL in an argument
        return None
    with child:
        try:
            output = _read(child, time.monotonic() + timeout_s, max_bytes)
        finally:
            _kill_group(child)
    return output if child.returncode == 0 else None


def _read(child: subprocess.Popen[bytes], deadline: float, max_bytes: int) -> bytes | None:
    """Return the output once the child ended, None at a limit."""
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        pipe = _pipe(child)
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = child.poll() is not None
            if selector.select(0 if ended else min(left, _LOOK_S)):
                chunk = os.read(pipe.fileno(), 65_536)
                output += chunk
                if len(output) > max_bytes:
                    return None
                if not chunk:
                    return bytes(output) if _ends_by(child, deadline) else None
            elif ended:
                return bytes(output)
    return None


def _ends_by(child: subprocess.Popen[bytes], deadline: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        child.wait(max(0.0, deadline - time.monotonic()))
    return child.returncode is not None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    # macOS answers EPERM for a group of which only a zombie is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _pipe(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdout is None:
        raise ValueError("the child was started without a pipe")
    return child.stdout
