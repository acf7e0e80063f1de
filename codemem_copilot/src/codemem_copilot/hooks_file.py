"""codemem's hooks file in Copilot's folder: a file of its own, so nobody else's is touched."""

from __future__ import annotations

import json
import shlex
from typing import Any

from codemem_copilot.session_log import copilot_folder
from codemem_core.api import CodememError, __version__
from codemem_core.commands import installed_program, replace_file

_HOOKS = {
    "sessionStart": 10,
    "userPromptSubmitted": 5,
    "postToolUse": 5,
    "postToolUseFailure": 5,
    "agentStop": 5,
    "sessionEnd": 5,
}
"""Hooks, and after how many seconds Copilot need not wait for one any more."""


class HooksFile:
    """`hooks/codemem.json`, which Copilot reads with the other files of that folder."""

    def __init__(self) -> None:
        self.path = copilot_folder() / "hooks" / "codemem.json"

    def is_current(self) -> bool:
        """Say whether it is as this codemem would write it."""
        return bool(self._read() == wanted())

    def exists(self) -> bool:
        """Say whether there is one, of whichever version."""
        return self.path.exists()

    def install(self) -> None:
        """Write it; raises `CodememError`."""
        replace_file(self.path, json.dumps(wanted(), indent=2) + "\n")

    def remove(self) -> bool:
        """Take it away, and its folder when nothing else is there; False when there was none."""
        try:
            self.path.unlink()
            if not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise CodememError(f"cannot remove `{self.path}`: {error.strerror}") from error
        return True

    def _read(self) -> Any:  # noqa: ANN401 - JSON
        try:
            return json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None


def wanted() -> dict[str, Any]:
    """Return the hooks for this machine.

    Without the program each is silent and succeeds: an uninstalled codemem troubles nobody.
    """
    program = shlex.quote(installed_program() or "codemem")
    return {
        "version": 1,
        "codemem": __version__,
        "hooks": {hook: [_hook(program, hook, limit_s)] for hook, limit_s in _HOOKS.items()},
    }


def _hook(program: str, hook: str, limit_s: int) -> dict[str, Any]:
    command = f"command -v {program} >/dev/null && exec {program} copilot-hook {hook}; exit 0"
    return {"type": "command", "bash": command, "timeoutSec": limit_s}
