"""codemem's hooks in Codex's hooks file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codemem_core.api import CodememError, home_folder
from codemem_core.commands import replace_file

_COMMAND = "codex-hook"
_TIMEOUTS = {
    **dict.fromkeys(("SessionStart", "UserPromptSubmit", "PostToolUse", "PostCompact", "Stop"), 10),
    **dict.fromkeys(("SessionEnd", "Interrupt"), 3),  # Codex allows these no more
}
"""The hooks that say something, and the seconds each may take."""


class HooksFile:
    """`hooks.json` of one configuration folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hooks.json"
        # The file as it was before codemem's hooks came.
        self._original = Path(home_folder()) / "codex-hooks.json"

    def is_current(self, program: Sequence[str]) -> bool:
        """Say whether all hooks are there and run `program`, a command with its arguments."""
        return self._with(program) == _loads(self.path)

    def has_ours(self) -> bool:
        """Say whether a hook of ours is there."""
        return self._without() != _loads(self.path)

    def install(self, program: Sequence[str]) -> None:
        """Enter the hooks after those of others; raises `CodememError`."""
        if self.path.exists() and not self.has_ours():
            replace_file(self._original, self.path.read_text(encoding="utf-8"))
        replace_file(self.path, _text(self._with(program)))

    def remove(self) -> None:
        """Take the hooks out; the file is byte for byte what it was, unless somebody changed it."""
        left, was_there = self._without(), self._original.exists()
        if not was_there and not left.get("hooks"):
            self.path.unlink(missing_ok=True)
            return
        is_original = was_there and _loads(self._original) == left
        text = self._original.read_text(encoding="utf-8") if is_original else _text(left)
        replace_file(self.path, text)
        self._original.unlink(missing_ok=True)

    def _without(self) -> dict[str, Any]:
        """Return what the file holds beside our hooks."""
        found = _loads(self.path)
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


def _is_ours(group: Any) -> bool:  # noqa: ANN401 - JSON
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return any(is_our_command(hook.get("command")) for hook in hooks or ())


def _loads(path: Path) -> dict[str, Any]:
    """Return what a hooks file holds, and an empty object when there is none."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        shapes = {type(groups) for groups in value.get("hooks", {}).values()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise CodememError(f"cannot read `{path}`: {error}", hint="correct it first") from error
    if shapes <= {list}:
        return value
    raise CodememError(f"not a hooks file: `{path}`", hint="correct it first")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
