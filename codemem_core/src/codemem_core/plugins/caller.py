"""Other people's code at arm's length: it may hang, print, fork or end a thread of ours.

What cannot be held off: C code that never gives up the interpreter's lock, and what a process of
this user may do anyway.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

_STREAMS = (0, 1, 2)
_lock = threading.Lock()
_kept: list[int] = []
"""Copies of our standard streams while others' code runs."""
_running = 0


def contained(work: Callable[[], T], *, limit_s: float) -> T:
    """Run the work in a thread of its own; return or raise what it does, `TimeoutError` too late.

    A thread cannot be ended: one that hangs stays behind, which is why callers count. What is
    printed meanwhile goes to standard error, and a forked copy of this process ends where it would
    come back to us.
    """
    outcome: Future[T] = Future()
    process = os.getpid()

    def run() -> None:
        try:
            result, error = [work()], None
        except BaseException as raised:  # noqa: BLE001 - handed to whoever waits
            result, error = [], raised
        if os.getpid() != process:
            os._exit(0)
        if error is None:
            outcome.set_result(result[0])
        else:
            outcome.set_exception(error)

    with _streams_apart():
        threading.Thread(target=run, name="codemem-plugin", daemon=True).start()
        wait([outcome], None if limit_s == math.inf else limit_s)
    if not outcome.done():
        raise TimeoutError(f"no answer within {limit_s:g} s")
    return outcome.result()


def threads_left() -> list[str]:
    """Return the names of threads that would keep this process from ending."""
    return [
        each.name
        for each in threading.enumerate()
        if not each.daemon and each is not threading.main_thread()
    ]


@contextmanager
def _streams_apart() -> Iterator[None]:
    """Lead standard output to standard error, and mend what was closed afterwards.

    The streams belong to the process: of several calls at a time, the first and the last do it.
    """
    global _running  # noqa: PLW0603 - there is one set of streams
    with _lock:
        _running += 1
        if _running == 1:
            _part()
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if not _running:
                _mend()


def _part() -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    # Above 100: a plugin that closes the first few descriptors must not close these.
    _kept[:] = [_copy(stream) for stream in _STREAMS]
    with suppress(OSError):
        os.dup2(2, 1)


def _mend() -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    for stream, kept in zip(_STREAMS, _kept, strict=True):
        if kept < 0:
            continue
        with suppress(OSError):
            os.dup2(kept, stream)
        with suppress(OSError):
            os.close(kept)
    _kept.clear()
    if sys.stdout is not None and sys.stdout.closed:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's


def _copy(stream: int) -> int:
    import fcntl  # noqa: PLC0415 - only where plugins of others are installed

    try:
        return fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, 100)
    except OSError:
        return -1  # closed before we came
