"""`codemem setup codex`: hooks, the user's trust in them, and the MCP server."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from typing import Any

from codemem_codex.app_server import AppServer
from codemem_codex.history import codex_folder
from codemem_codex.hooks_file import HooksFile, is_our_command
from codemem_core.api import Check, CodememError, Settings
from codemem_core.commands import (
    check_program,
    check_recorded,
    check_server,
    mcp_command,
    said_by,
)

_HINT = "codemem setup codex"
_MCP = "mcp_servers.codemem"
_UPGRADE = "uv tool install --upgrade codemem; codemem setup codex"


class Setup:
    """Installs codemem for every project of this user."""

    def __init__(self, settings: Settings) -> None:
        self._folder = codex_folder(settings.environ)
        self._file = HooksFile(self._folder)
        self._mcp_command, self._environ = mcp_command()
        own = [f"{name}={value}" for name, value in self._environ.items()]
        self._program = [*(["env", *own] if own else []), *self._mcp_command[:-1]]

    def found(self) -> bool:
        """Say whether Codex is on PATH."""
        return shutil.which("codex") is not None

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        current = self._file.is_current(self._program)
        program = " ".join(self._program)
        changes = [] if current else [f"enter hooks that run {program} in {self._file.path}"]
        if not current or not self._trusted():
            changes.append("tell Codex that you trust these hooks; it skips them otherwise")
        if self._mcp() is None:
            changes.append(f"enter the MCP server in {self._folder / 'config.toml'}")
        return changes

    def apply(self) -> None:
        """Enter hooks and MCP server, and say that the user trusts the hooks."""
        self._file.install(self._program)
        program, *arguments = self._mcp_command
        server: dict[str, Any] = {"command": program, "args": arguments}
        if self._environ:
            server["env"] = self._environ
        with AppServer() as codex:
            ours = [hook for hook in codex.hooks() if is_our_command(hook.command)]
            trust = {hook.key: {"trusted_hash": hook.hash} for hook in ours}
            entries = {} if self._mcp() else {_MCP: server}
            codex.write({"hooks.state": trust, **entries})

    def remove(self) -> list[str]:
        """Take out the hooks, the trust in them and the MCP server."""
        done = []
        if self._file.has_ours():
            with AppServer() as codex:
                ours = [hook.key for hook in codex.hooks() if is_our_command(hook.command)]
                codex.write(self._forgotten(ours))
            self._file.remove()
            done.append(f"removed the hooks from {self._file.path}")
        if self._mcp() is not None:
            with AppServer() as codex:
                codex.write({_MCP: None})
            done.append(f"removed the MCP server from {self._folder / 'config.toml'}")
        return done

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        yield _client()
        yield self._hooks()
        there = self._mcp() is not None
        text = "the MCP server is configured" if there else "the MCP server is not configured"
        yield Check(ok=there, text=text, hint="" if there else _HINT)
        yield check_program(upgrade=_UPGRADE)
        yield check_recorded(database, source="codex", hint="work in Codex")
        yield check_server(database)

    def _hooks(self) -> Check:
        try:
            if not self._file.has_ours():
                return Check(ok=False, text="the hooks are not installed", hint=_HINT)
            if not self._file.is_current(self._program):
                return Check(ok=False, text="the hooks run another codemem", hint=_HINT)
            if not self._trusted():
                text = "Codex skips the hooks: nobody said that they are trusted"
                return Check(ok=False, text=text, hint=f"{_HINT}, or `/hooks` in Codex")
        except CodememError as error:
            return Check(ok=False, text=str(error), hint=error.hint or _HINT)
        return Check(ok=True, text="the hooks are installed and trusted")

    def _trusted(self) -> bool:
        """Say whether Codex runs our hooks."""
        if not shutil.which("codex") or not self._file.has_ours():
            return False
        with AppServer() as codex:
            ours = [hook for hook in codex.hooks() if is_our_command(hook.command)]
        return bool(ours) and all(hook.trusted and hook.enabled for hook in ours)

    def _forgotten(self, keys: list[str]) -> dict[str, None]:
        """Return what to take out so that no trust in our hooks is left."""
        state = self._config().get("hooks", {}).get("state", {})
        if set(state) <= set(keys):
            return {"hooks.state": None}
        return {f'hooks.state."{key}"': None for key in keys if key in state}

    def _mcp(self) -> object:
        return self._config().get("mcp_servers", {}).get("codemem")

    def _config(self) -> dict[str, Any]:
        path = self._folder / "config.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CodememError(f"cannot read `{path}`: {error}") from error


def _client() -> Check:
    if not shutil.which("codex"):
        return Check(ok=False, text="codex is not on PATH", hint="npm install -g @openai/codex")
    version = (said_by("codex", "--version") or "").removeprefix("codex-cli ")
    return Check(ok=True, text=f"Codex is {version or 'there'}")
