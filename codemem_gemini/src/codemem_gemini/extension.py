"""codemem's extension of Gemini CLI: one folder with its hooks and its MCP server."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codemem_core.api import CodememError, __version__
from codemem_core.commands import installed_program, mcp_command, replace_file
from codemem_gemini.chat_log import gemini_folder

NAME = "codemem"
_HOOKS = {
    "SessionStart": 10_000,
    "BeforeAgent": 5_000,
    "AfterTool": 5_000,
    "AfterAgent": 5_000,
    "SessionEnd": 5_000,
}
"""Hooks, and after how many milliseconds Gemini CLI need not wait for one any more."""


def installed_folder() -> Path:
    """Return where Gemini CLI keeps the extension once it is installed."""
    return gemini_folder() / "extensions" / NAME


def installed_version() -> str | None:
    """Return the version of the installed extension, or None when there is none."""
    version = _object(installed_folder() / "gemini-extension.json").get("version")
    return version if isinstance(version, str) else None


def is_current() -> bool:
    """Say whether the installed extension is the one that this codemem would write."""
    return all(_object(installed_folder() / name) == value for name, value in _files().items())


def write(folder: Path) -> None:
    """Write the extension to a folder, for `gemini extensions install`; raises `CodememError`."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, value in _files().items():
        replace_file(folder / name, json.dumps(value, indent=2) + "\n")


def _files() -> Mapping[str, dict[str, Any]]:
    (command, *arguments), environ = mcp_command()
    server = {"command": command, "args": arguments, **({"env": environ} if environ else {})}
    manifest = {
        "name": NAME,
        "version": __version__,
        "description": "Memory of earlier sessions, for prompts and for the model's own questions.",
        "mcpServers": {NAME: server},
    }
    hooks = {hook: [{"hooks": [_hook(limit_ms)]}] for hook, limit_ms in _HOOKS.items()}
    return {"gemini-extension.json": manifest, "hooks/hooks.json": {"hooks": hooks}}


def _hook(limit_ms: int) -> dict[str, Any]:
    """Return a hook: silent, and a success, where the program is no longer there."""
    program = shlex.quote(installed_program() or NAME)
    command = f"command -v {program} >/dev/null && exec {program} gemini-hook; exit 0"
    return {"type": "command", "name": NAME, "command": command, "timeout": limit_ms}


def _object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def remove_folder(folder: Path) -> bool:
    """Remove what `write` wrote; False when there was nothing."""
    if not folder.exists():
        return False
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise CodememError(f"cannot remove `{folder}`: {error.strerror}") from error
    return True
