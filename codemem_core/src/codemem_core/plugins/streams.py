"""The three standard streams of the process while other people's code runs in it.

What a plugin prints goes to standard error, and a stream it closes is opened again: the next file
would get its number, and what somebody prints would go into that file.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STREAMS = (0, 1, 2)
_lock = threading.Lock()
_kept: list[int] = []
"""Copies of our streams while they are apart."""
_running = 0


def divert() -> None:
    """Lead standard output to standard error for good: this process has said what it had to say.

    A server, or a hook that has answered, calls plugins for every event; moving the streams each
    time takes a third of such a call.
    """
    with _lock:
        _begin()


@contextmanager
def apart() -> Iterator[None]:
    """Lead standard output to standard error while the block runs, and mend what was closed.

    The streams belong to the process: of several blocks at a time, the first and the last do it.
    """
    with _lock:
        _begin()
    try:
        yield
    finally:
        with _lock:
            _end()


def _begin() -> None:
    global _running  # noqa: PLW0603 - there is one set of streams
    _running += 1
    if _running > 1:
        return
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    # Above 100: a plugin that closes the first few descriptors must not close these.
    _kept[:] = [_copy(stream) for stream in _STREAMS]
    with suppress(OSError):
        os.dup2(2, 1)


def _end() -> None:
    global _running  # noqa: PLW0603 - as above
    _running -= 1
    if _running:
        _reopen()
        return
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    for stream, kept in zip(_STREAMS, _kept, strict=True):
        _move(kept, stream)
        if kept >= 0:
            with suppress(OSError):
                os.close(kept)
    _kept.clear()
    _reopen_output()


def _reopen() -> None:
    """Open what was closed while the streams stay apart; a microsecond each when nothing was."""
    error = _kept[2]
    for stream, kept in zip(_STREAMS, (_kept[0], error, error), strict=True):
        try:
            os.fstat(stream)
        except OSError:
            _move(kept, stream)
    _reopen_output()


def _reopen_output() -> None:
    if sys.stdout is not None and sys.stdout.closed:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's


def _move(kept: int, stream: int) -> None:
    if kept >= 0:
        with suppress(OSError):
            os.dup2(kept, stream)


def _copy(stream: int) -> int:
    import fcntl  # noqa: PLC0415 - only where plugins of others are installed

    try:
        return fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, 100)
    except OSError:
        return -1  # closed before we came
