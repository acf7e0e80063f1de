"""The last net under a hook's time: the system ends the process.

Everything a hook does is bounded; this is for what nobody thought of, such as a host that never
closes its end of the pipe. The script that started the command logs that its payload is lost.
"""

from __future__ import annotations

_GRACE_S = 0.1
"""Behind the deadline that the hook keeps itself."""
_REAL_TIME = 0


class Deadline:
    """Lets SIGALRM end this process when the block takes longer, whatever it is doing then."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds + _GRACE_S

    def __enter__(self) -> None:
        """Set the alarm."""
        _set(self._seconds)

    def __exit__(self, *_: object) -> None:
        """Call it off."""
        _set(0)


def _set(seconds: float) -> None:
    try:
        # `signal` itself takes 2 ms to import, for the names of signals.
        __import__("_signal").setitimer(_REAL_TIME, seconds)
    except (ImportError, AttributeError, ValueError, OSError):
        return  # no such thing on this system, or not the main thread
