"""Moments as people read them."""

from __future__ import annotations

import time

_UNITS = ((31_536_000, "y"), (604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"))


def age(epoch_ms: int, *, now_ms: int) -> str:
    """Return how old something is in at most three characters: `5m`, `3h`, `6d`, `8w`, `2y`."""
    seconds = max(now_ms - epoch_ms, 0) // 1000
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return "now"


def date(epoch_ms: int) -> str:
    """Return the local date: `22 Nov 2026`."""
    return time.strftime("%-d %b %Y", time.localtime(epoch_ms / 1000))


def moment(epoch_ms: int) -> str:
    """Return the local date and minute: `22 Nov 2026, 10:05`."""
    return time.strftime("%-d %b %Y, %H:%M", time.localtime(epoch_ms / 1000))


def now() -> int:
    """Return the present time in epoch milliseconds."""
    return time.time_ns() // 1_000_000
