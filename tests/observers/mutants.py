"""Bugs to plant into the observers: `PLANTED=name pytest -p tests.observers.mutants …`.

The tests of containment and the matrix must turn red on each of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codemem_core.observers import observe
from codemem_observers import agent_sandbox, api_http, child, complaints, reaper

_run_child = agent_sandbox.run_child
_failure = api_http._failure


def _prompt_in_argv(argv: list[str], **limits: Any) -> child.Ended:
    return _run_child([*argv, limits["stdin"][:1000].decode()], **limits)


def _token_in_error(*about: Any) -> Exception:
    request = about[-1]
    error = _failure(*about)
    return type(error)(f"{error} with {request.credential.token if request.credential else ''}")


def _plant_in_reaper(old: str, new: str) -> None:
    """Let children be watched by a reaper with a bug."""
    source = Path(reaper.__file__).read_text()
    if source.count(old) != 1:
        raise ValueError(f"the bug has no place any more: `{old}`")
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(source.replace(old, new))
    child._REAPER = (sys.executable, "-I", "-S", file.name)


_BUGS: dict[str, Callable[[], object]] = {
    "prompt in argv": lambda: setattr(agent_sandbox, "run_child", _prompt_in_argv),
    "environment passed through": lambda: setattr(
        agent_sandbox, "_few", lambda all_, _: dict(all_)
    ),
    "hooks on inside the observer": lambda: setattr(agent_sandbox, "_OURS", {}),
    "folder left behind": lambda: setattr(agent_sandbox, "TemporaryDirectory", _KeptFolder),
    "group not killed": lambda: _plant_in_reaper("    _end_all(child)\n", ""),
    "orphans not adopted": lambda: _plant_in_reaper("    _adopt_orphans()\n", ""),
    "token in the error text": lambda: setattr(api_http, "_failure", _token_in_error),
    "server's words in the error text": lambda: setattr(
        complaints, "_answered", lambda complaint, _: complaint.text
    ),
    "credential not fetched again": lambda: setattr(
        observe.Observing, "_ask_twice", observe.Observing._ask
    ),
    "retry-after not read": lambda: setattr(api_http, "_retry_after", lambda _: None),
    "any length read": lambda: setattr(api_http, "_MOST_BYTES", 10**9),
}
NAMES = tuple(_BUGS)


class _KeptFolder(tempfile.TemporaryDirectory):  # type: ignore[type-arg]
    def cleanup(self) -> None:
        """Leave it."""


def pytest_configure() -> None:
    """Plant the bug that the environment names."""
    _BUGS[os.environ["PLANTED"]]()
