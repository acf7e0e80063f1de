"""codemem's hooks in Codex's hooks file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codemem_core.api import CodememError, home_folder
from codemem_core.commands import replace_file

_TIMEOUTS = {
    "SessionStart": 10,
    "UserPromptSubmit": 10,
    "PostToolUse": 10,
    "PostCompact": 10,
    "Stop": 10,
    # Codex allows these no more.
    "SessionEnd": 3,
    "Interrupt": 3,
}
"""The hooks that say something, and the seconds each may take."""
_COMMAND = "codex-hook"


class HooksFile:
    """`hooks.json` of one configuration folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hooks.json"
        self._original = Path(home_folder()) / "codex-hooks.json"
        """The file as it was before codemem's hooks came."""

    def is_current(self, program: Sequence[str]) -> bool:
        """Say whether all hooks are there and run `program`, a command with its arguments."""
        return self._with(program) == self._read()

    def has_ours(self) -> bool:
        """Say whether a hook of ours is there."""
        return self._without() != self._read()

    def install(self, program: Sequence[str]) -> None:
        """Enter the hooks after those of others; raises `CodememError`."""
        if self.path.exists() and not self.has_ours():
            replace_file(self._original, self.path.read_text(encoding="utf-8"))
        replace_file(self.path, _text(self._with(program)))

    def remove(self) -> bool:
        """Take the hooks out; the file is byte for byte what it was, unless somebody changed it."""
        if not self.has_ours():
            return False
        left = self._without()
        if not left.get("hooks") and not self._original.exists():
            self.path.unlink()
            return True
        kept = _loads(self._original) if self._original.exists() else None
        text = self._original.read_text(encoding="utf-8") if kept == left else _text(left)
        replace_file(self.path, text)
        self._original.unlink(missing_ok=True)
        return True

    def _read(self) -> dict[str, Any]:
        return _loads(self.path) if self.path.exists() else {}

    def _without(self) -> dict[str, Any]:
        """Return what the file holds beside our hooks."""
        found = self._read()
        events = found.get("hooks", {})
        left = {event: [g for g in groups if not _is_ours(g)] for event, groups in events.items()}
        # An event that held ours alone was not there before.
        kept = {event: groups for event, groups in left.items() if groups or not events[event]}
        return {**found, "hooks": kept} if "hooks" in found else found

    def _with(self, program: Sequence[str]) -> dict[str, Any]:
        found = self._without()
        hooks = dict(found.get("hooks", {}))
        for event, seconds in _TIMEOUTS.items():
            command = shlex.join([*program, _COMMAND])
            hook = {"type": "command", "command": command, "timeout": seconds}
            hooks[event] = [*hooks.get(event, []), {"hooks": [hook]}]
        return {**found, "hooks": hooks}


def is_our_command(command: object) -> bool:
    """Say whether a hook's command is codemem's."""
    return isinstance(command, str) and command.endswith(f" {_COMMAND}")


def _is_ours(group: object) -> bool:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and any(
        isinstance(hook, dict) and is_our_command(hook.get("command")) for hook in hooks
    )


def _loads(path: Path) -> dict[str, Any]:
    hint = "correct the file first"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CodememError(f"cannot read `{path}`: {error}", hint=hint) from error
    hooks = value.get("hooks", {}) if isinstance(value, dict) else None
    if not isinstance(hooks, dict) or not all(isinstance(each, list) for each in hooks.values()):
        raise CodememError(f"not a hooks file: `{path}`", hint=hint)
    found: dict[str, Any] = value
    return found


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
