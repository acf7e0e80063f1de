"""Who holds a lease: a process that can be told from every other one, dead or alive."""

from __future__ import annotations

import os
import secrets
import sys


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
