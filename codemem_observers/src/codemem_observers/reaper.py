"""A process between codemem and a child: nothing the child started outlives it, or codemem.

Run as `python -I -S reaper.py FD PROGRAM…`, where FD is a socket to codemem. It ends all of them
when the program ended or the socket did: codemem closes it at a limit, the kernel when codemem was
killed. The last word on the socket is the program's exit code, or `missing`.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_ROUND_S = 0.01
_ROUNDS = 500
"""How often to try; a program with another user's rights cannot be killed."""


def main() -> None:
    """Run the program and report how it ended."""
    lifeline = socket.socket(fileno=int(sys.argv[1]))
    lifeline.set_inheritable(False)
    _adopt_orphans()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    try:
        child = os.posix_spawnp(
            sys.argv[2], sys.argv[2:], os.environ, setsid=True, setsigdef=_IGNORED_BY_PYTHON
        )
    except OSError:
        lifeline.sendall(b"missing")
        return
    _hand_over_pipes()
    watched = [lifeline.fileno(), reader]
    code = None
    while code is None and lifeline.fileno() not in select.select(watched, [], [])[0]:
        os.read(reader, 4096)
        code = _collected(child)
    _end_all(child)
    if code is not None:
        lifeline.sendall(str(code).encode())


def _adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, where the system can do that."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - 5 ms

        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _hand_over_pipes() -> None:
    """Let go of the program's standard streams, which end when it closes them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _collected(child: int) -> int | None:
    """Collect whoever ended; return the program's exit code if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
        if not pid:
            return code


def _end_all(child: int) -> None:
    """Kill the program's group and all our descendants until none is left."""
    _kill(os.killpg, child)
    for _ in range(_ROUNDS):
        for pid in _descendants():
            _kill(os.kill, pid)
        _collected(child)
        if not _descendants():
            return
        time.sleep(_ROUND_S)


def _kill(how: Callable[[int, int], None], pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        how(pid, signal.SIGKILL)


def _descendants() -> list[int]:
    """Return the processes below this one, as far as the system tells; those that ended too."""
    below, found = {os.getpid()}, []
    parents = _parents()
    while grown := [pid for pid, parent in parents.items() if parent in below and pid not in below]:
        below.update(grown)
        found += grown
    return found


def _parents() -> dict[int, int]:
    """Return the parent of each process; nothing where there is no `/proc`."""
    parents = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue
    return parents


if __name__ == "__main__":
    main()
