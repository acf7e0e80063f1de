"""An agent's command line as a pure function: text in, text out, and nothing else within reach.

An agent asked to read a recording must not act on it. It is started without tools (each runtime
knows its own switches), in an empty folder of its own, with few variables, and with codemem's hooks
off, so that the observer is never observed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from codemem_core.api import (
    AuthError,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
    Unreachable,
)
from codemem_observers.child import Ended, run_child

if TYPE_CHECKING:
    from codemem_core.api import Settings

TIME_LIMIT_S = 120.0
"""For one answer, start-up included; a long answer takes a slow model about 80 s."""
_MOST_BYTES = 2_000_000
_PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "XDG_*"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"),
)
_OFF = ("VIEWER", "VIEWER_AUTO", "VIEWER_AUTO_STOP")
_OURS = {"CODEMEM_PLUGIN_IGNORE": "1"} | {f"CODEMEM_{name}": "0" for name in _OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A private folder (0700) for one call; gone when the call is over."""

    folder: str

    @property
    def cwd(self) -> str:
        """Where the agent runs: an empty folder, so it finds no instructions of a project."""
        return os.path.join(self.folder, "empty")

    @property
    def scratch(self) -> str:
        """Its folder for temporary files."""
        return os.path.join(self.folder, "tmp")


@contextmanager
def new_room() -> Iterator[Room]:
    """Make a room and clear it away, whatever the agent left in it."""
    with TemporaryDirectory(prefix="codemem-", ignore_cleanup_errors=True) as folder:
        room = Room(folder=folder)
        os.mkdir(room.cwd, 0o700)
        os.mkdir(room.scratch, 0o700)
        yield room


def ask_agent(  # noqa: PLR0913 - what an agent gets is listed here, and that is all it gets
    settings: Settings,
    argv: list[str],
    *,
    prompt: str,
    room: Room,
    passed: Iterable[str],
    extra: Mapping[str, str],
    limit_s: float,
) -> Ended:
    """Run the agent with the prompt on standard input and return how it ended.

    It gets the variables named in `passed` (`X_*` means all that begin so) beside the common ones,
    and those of `extra`. Raises `TransientError` when it cannot start or breaks a limit.
    """
    if settings.flag("plugin_ignore"):
        raise PermanentError("an observer's own child asks no observer")
    environ = _few(settings.environ, (*_PASSED, *passed)) | _OURS | dict(extra)
    ended = run_child(
        argv,
        environ=environ | {"TMPDIR": room.scratch, "PWD": room.cwd},
        cwd=room.cwd,
        timeout_s=limit_s,
        max_bytes=_MOST_BYTES,
        stdin=prompt.encode(errors="replace"),
    )
    name = os.path.basename(argv[0])
    if ended.problem == "missing":
        raise Unreachable(f"the command cannot be started: `{name}`", hint="is it installed?")
    if ended.problem:
        what = "took too long" if ended.problem == "slow" else "said too much"
        raise TransientError(f"`{name}` {what} and was stopped").at_a_cost()
    return ended


def failure(status: int, message: str) -> ObserverError:
    """Return the error class that an HTTP status an agent met stands for."""
    if status in {401, 403}:
        return AuthError(message, hint="log in with the agent's own command")
    if status == 429:
        return RateLimited(message)
    if status >= 500 or status in {0, 408, 409, 425}:
        return TransientError(message)
    return (Misconfigured if status == 404 else PermanentError)(message)


def _few(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    prefixes = tuple(name[:-1] for name in names if name.endswith("*"))
    exact = frozenset(names)
    return {k: v for k, v in environ.items() if k in exact or k.startswith(prefixes)}
