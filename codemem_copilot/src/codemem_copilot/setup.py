"""`codemem setup copilot`: the hooks file and the MCP server, put into Copilot's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from codemem_copilot.events import SOURCE
from codemem_copilot.hooks_file import HooksFile
from codemem_copilot.session_log import copilot_folder
from codemem_core.api import Check, CodememError, Settings
from codemem_core.commands import (
    JsonEntry,
    check_program,
    check_recorded,
    check_server,
    mcp_command,
    said_by,
)

_HINT = "codemem setup copilot"
_NO_SESSION = "work in Copilot; its `~/.copilot/logs` say whether its hooks ran"
_UPGRADE = "uv tool install --upgrade codemem; codemem setup copilot; restart Copilot"


class Setup:
    """Installs codemem for every project of this user."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self._hooks = HooksFile()
        self._entry = JsonEntry((copilot_folder() / "mcp-config.json",), section="mcpServers")

    def found(self) -> bool:
        """Say whether Copilot is on PATH or has been used."""
        return shutil.which("copilot") is not None or copilot_folder().is_dir()

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        changes = []
        if not self._hooks.is_current():
            verb = "bring up to date" if self._hooks.exists() else "write"
            changes.append(f"{verb} the hooks in {self._hooks.path}")
        if self._entry.current() is None:
            changes.append(f"enter the MCP server in {self._entry.file}, and keep a copy of that")
        return changes

    def apply(self) -> None:
        """Write the hooks file and enter the MCP server."""
        if not self._hooks.is_current():
            self._hooks.install()
        if self._entry.current() is None:
            self._entry.install(_mcp_entry())

    def remove(self) -> list[str]:
        """Take out both."""
        done = [f"removed {self._hooks.path}"] if self._hooks.remove() else []
        return [*done, *(f"removed the MCP server from {file}" for file in self._entry.remove())]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        yield _client()
        yield self._hooks_check()
        yield self._mcp()
        yield check_program(upgrade=_UPGRADE)
        yield check_recorded(database, source=SOURCE, hint=_NO_SESSION)
        yield check_server(database)

    def _hooks_check(self) -> Check:
        if not self._hooks.exists():
            return Check(ok=False, text="the hooks are not installed", hint=_HINT)
        if not self._hooks.is_current():
            return Check(ok=False, text="the hooks are not those of this codemem", hint=_HINT)
        return Check(ok=True, text="the hooks are installed")

    def _mcp(self) -> Check:
        try:
            entry = self._entry.current()
        except CodememError as error:
            return Check(ok=False, text=str(error), hint=error.hint)
        if entry is None:
            return Check(ok=False, text="the MCP server is not configured", hint=_HINT)
        return Check(ok=True, text="the MCP server is configured")


def _mcp_entry() -> dict[str, Any]:
    (command, *arguments), environ = mcp_command()
    entry = {"type": "local", "command": command, "args": arguments, "tools": ["*"]}
    return {**entry, "env": environ} if environ else entry


def _client() -> Check:
    if not shutil.which("copilot"):
        hint = "install GitHub Copilot CLI: https://github.com/github/copilot-cli"
        return Check(ok=False, text="copilot is not on PATH", hint=hint)
    version = said_by("copilot", "--version") or "there"
    return Check(ok=True, text=f"GitHub Copilot CLI is {version.splitlines()[0]}")
