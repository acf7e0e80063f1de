"""A token that a command prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential
from codemem_observers.child import run_child

if TYPE_CHECKING:
    from codemem_core.api import Settings

_LEAST_MS = 100
_MOST_BYTES = 65_536


class Command:
    """Runs `observer_auth_command`, an argv list, and reads its standard output."""

    def __init__(self, settings: Settings) -> None:
        """Keep the command and its time limit."""
        self._argv = settings.argv("observer_auth_command")
        self._timeout_s = max(_LEAST_MS, settings.number("observer_auth_timeout_ms")) / 1000
        self._environ = settings.environ

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return what it printed, trimmed; None when it failed, was too slow or said nothing."""
        if not self._argv:
            return None
        ended = run_child(
            self._argv,
            environ=self._environ,
            cwd=os.path.expanduser("~"),
            timeout_s=self._timeout_s,
            max_bytes=_MOST_BYTES,
        )
        if ended.code != 0:
            return None
        token = ended.output.decode(errors="replace").strip()
        return Credential(token, source="command") if token else None
