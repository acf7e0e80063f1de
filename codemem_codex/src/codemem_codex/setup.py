"""`codemem setup codex`: hooks, the user's trust in them, and the MCP server."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codemem_codex.app_server import Ask, app_server
from codemem_codex.history import codex_folder
from codemem_codex.hooks_file import HooksFile, is_our_command
from codemem_core.api import Check, CodememError, Settings
from codemem_core.commands import (
    check_client,
    check_program,
    check_recorded,
    check_server,
    mcp_command,
)

_HINT = "codemem setup codex"
_MCP = "mcp_servers.codemem"
_UPGRADE = "uv tool install --upgrade codemem; codemem setup codex"


class Setup:
    """Installs codemem for every project of this user."""

    def __init__(self, settings: Settings) -> None:
        self._folder = codex_folder(settings.environ)
        self._file = HooksFile(self._folder)
        argv, environ = mcp_command()
        own = [f"{name}={value}" for name, value in environ.items()]
        self._program = [*(["env", *own] if own else []), *argv[:-1]]
        self._server: dict[str, Any] = {"command": argv[0], "args": argv[1:]}
        if environ:
            self._server["env"] = environ

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
        if self._mcp() != self._server:
            changes.append(f"enter the MCP server in {self._folder / 'config.toml'}")
        return changes

    def apply(self) -> None:
        """Enter hooks and MCP server, and say that the user trusts the hooks."""
        self._file.install(self._program)
        with app_server() as ask:
            trust = {hook["key"]: {"trusted_hash": hook["currentHash"]} for hook in _ours(ask)}
            _write(ask, {"hooks.state": trust, _MCP: self._server})

    def remove(self) -> list[str]:
        """Take out the hooks, the trust in them and the MCP server."""
        done, gone = [], dict[str, None]()
        with app_server() as ask:
            if self._file.has_ours():
                gone |= self._forgotten({hook["key"] for hook in _ours(ask)})
                done.append(f"removed the hooks from {self._file.path}")
            if self._mcp() is not None:
                gone[_MCP] = None
                done.append(f"removed the MCP server from {self._folder / 'config.toml'}")
            if gone:
                _write(ask, gone)
        self._file.remove()
        return done

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        yield check_client("codex", name="Codex", install="npm install -g @openai/codex")
        yield self._hooks()
        there = self._mcp() is not None
        text = f"the MCP server is {'' if there else 'not '}configured"
        yield Check(ok=there, text=text, hint="" if there else _HINT)
        yield check_program(upgrade=_UPGRADE)
        yield check_recorded(database, source="codex", hint="work in Codex")
        yield check_server(database)

    def _hooks(self) -> Check:
        if not self._file.is_current(self._program):
            text = "the hooks are not installed, or run another codemem"
        elif not self._trusted():
            text = "Codex skips the hooks: nobody said that they are trusted"
        else:
            return Check(ok=True, text="the hooks are installed and trusted")
        return Check(ok=False, text=text, hint=_HINT)

    def _trusted(self) -> bool:
        """Say whether Codex runs our hooks."""
        if not shutil.which("codex") or not self._file.has_ours():
            return False
        with app_server() as ask:
            ours = _ours(ask)
        states = {(hook["trustStatus"], hook["enabled"]) for hook in ours}
        return states == {("trusted", True)}

    def _forgotten(self, keys: set[str]) -> dict[str, None]:
        """Return what to take out so that no trust in our hooks is left."""
        state = self._config().get("hooks", {}).get("state", {})
        if keys.issuperset(state):
            return {"hooks.state": None}
        return {f'hooks.state."{key}"': None for key in keys.intersection(state)}

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


def _ours(ask: Ask) -> list[dict[str, Any]]:
    """Return our hooks as Codex knows them."""
    found = ask("hooks/list", {"cwds": [str(Path.home())]})["data"]
    return [hook for place in found for hook in place["hooks"] if is_our_command(hook["command"])]


def _write(ask: Ask, values: Mapping[str, object]) -> None:
    """Set values of Codex's configuration by their paths; None takes one out."""
    edits = [
        {"keyPath": path, "value": value, "mergeStrategy": "upsert" if value else "replace"}
        for path, value in values.items()
    ]
    ask("config/batchWrite", {"edits": edits})
