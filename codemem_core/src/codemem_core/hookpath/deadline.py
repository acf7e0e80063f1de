"""The last net under a hook's time: the system ends a process that computes for too long.

What a hook does with a payload is bounded; this is for what nobody thought of. Processor time
counts, not the clock: on a machine that stalls, a hook that is late still keeps its payload.
"""

from __future__ import annotations

_PROCESSOR_TIME = 2  # `signal.ITIMER_PROF`: importing `signal` takes 2 ms


class Deadline:
    """Lets SIGPROF end this process when the block takes more seconds of processor time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        """Set the alarm."""
        _set(self._seconds)

    def __exit__(self, *_: object) -> None:
        """Call it off."""
        _set(0)


def _set(seconds: float) -> None:
    try:
        __import__("_signal").setitimer(_PROCESSOR_TIME, seconds)
    except (ImportError, AttributeError, ValueError, OSError):
        return  # no such thing on this system
