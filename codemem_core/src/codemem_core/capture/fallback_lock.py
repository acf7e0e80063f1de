"""Locks of the fall-back path: the kernel's, so they end with the process that holds them.

Two things are done by one process at a time. Emptying the spool, or a stream's events could be
stored out of order: locked on the spool itself. And opening the database from a hook that found no
server, or twenty hooks at once would wait for one another longer than their host does: locked on
the documented folder. Whoever does not get that one in time spools its payload instead.

The folder was, in releases before 1.0, the lock itself: made by its holder, with files `pid` and
`ts` in it. A holder of that kind is waited for until it is dead, older than the TTL or, without a
pid, older than the grace. It needs clocks, which is why ours does not work that way.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from codemem_core.capture.private_files import open_folder, read_file
from codemem_core.config.settings import Settings
from codemem_core.errors import InputError

HOOK_WAIT_S = 1.0
"""How long a hook waits for its turn at the database; its host waits for it meanwhile."""
_LOOK_AGAIN_S = 0.02
_OLDER_FORM = ("pid", "ts", "owner")


@contextmanager
def fallback_lock(settings: Settings, *, wait_s: float = HOOK_WAIT_S) -> Iterator[bool]:
    """Hold the lock of the hooks' fall-back while the block runs; False when it is not to be had.

    Raises `StoreError` for a folder that is not ours, `OSError` when it cannot be made.
    """
    path = settings.path("claude_hook_lock_dir")
    limits = (
        max(1.0, settings.real("claude_hook_lock_ttl_s")),
        max(1.0, settings.real("claude_hook_lock_grace_s")),
    )
    give_up = time.monotonic() + wait_s
    while True:
        folder = open_folder(path)
        try:
            with locked(folder, wait_s=max(0.0, give_up - time.monotonic())) as held:
                mine = held and _is_at(folder, path) and not _older_holder(folder, *limits)
                if mine or time.monotonic() >= give_up:
                    yield mine
                    return
        finally:
            os.close(folder)
        time.sleep(_LOOK_AGAIN_S)


@contextmanager
def locked(folder: int, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock on an open folder while the block runs; False when another has it."""
    held = _take(folder, wait_s)
    try:
        yield held
    finally:
        if held:
            fcntl.flock(folder, fcntl.LOCK_UN)


def _take(folder: int, wait_s: float) -> bool:
    give_up = time.monotonic() + wait_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= give_up:
            return False
        time.sleep(_LOOK_AGAIN_S)


def _is_at(folder: int, path: str) -> bool:
    """Say whether the folder still has its name: an older client removes it when it is done."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(folder), os.lstat(path))
    return False


def _older_holder(folder: int, ttl_s: float, grace_s: float) -> bool:
    """Say whether a client before 1.0 holds the lock; what a dead one left is cleared away."""
    left = [name for name in _OLDER_FORM if name in os.listdir(folder)]
    if not left:
        return False
    pid, since = _number(folder, "pid"), _number(folder, "ts")
    age_s = abs(time.time() - (_changed_s(folder) if since is None else since))
    runs = pid is not None and _runs(pid)
    if (runs and age_s < ttl_s) or (pid is None and age_s < grace_s):
        return True
    for name in left:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
    return False


def _changed_s(folder: int) -> float:
    return os.fstat(folder).st_mtime


def _number(folder: int, name: str) -> int | None:
    with suppress(OSError, ValueError, OverflowError, InputError):
        return int(float(read_file(name, folder=folder, largest=100)))
    return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0
