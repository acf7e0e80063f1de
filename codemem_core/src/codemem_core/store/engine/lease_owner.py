"""Who holds a lease, and whether it lives: a process told from every other one, and its pulse."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

BEAT_S = 5.0
"""An owner beats once in so many seconds, and others look as often."""
_MISSED_BEATS = 3


def new_owner() -> str:
    """Return a name for one lease of this process: boot, pid, start time and a random part."""
    return f"{_boot()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(4)}"


def is_alive(owner: str) -> bool:
    """Say whether the process that made this name still runs.

    A pid alone lies: it is given out again. The start time of the process tells the two apart.
    """
    boot, pid, started, _ = owner.split("/")
    if boot != _boot():
        return False
    if started:
        return _started(int(pid)) == started
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Pulses:
    """The beats of other owners, as this process sees them.

    A process that is alive may still be stopped for good. Only beats seen here count: clocks of
    two processes are never compared, and time in which this one did not look either (both were
    stopped, the machine slept) counts as one beat at most.
    """

    def __init__(
        self, *, beat_s: float = BEAT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the pause between two beats and a clock, both in seconds."""
        self._beat_s = beat_s
        self._clock = clock
        self._seen: dict[int, _Look] = {}

    def is_silent(self, stream: int, *, epoch: int, beat: int) -> bool:
        """Look at the beat of a stream's lease; True once it has missed three."""
        now = self._clock()
        last = self._seen.get(stream)
        if last is None or last.pulse != (epoch, beat):
            self._seen[stream] = _Look((epoch, beat), now, 0.0)
            return False
        silent_s = last.silent_s + min(now - last.at, self._beat_s)
        self._seen[stream] = _Look((epoch, beat), now, silent_s)
        return silent_s >= _MISSED_BEATS * self._beat_s


@dataclass(frozen=True, slots=True)
class _Look:
    pulse: tuple[int, int]
    at: float
    silent_s: float


def _boot() -> str:
    if sys.platform != "linux":
        return "-"
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _started(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot; empty where unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, in brackets, may hold blanks; field 22 is the 20th after it.
            after_name = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in {b"Z", b"X"} else after_name[19].decode()
