"""`codemem setup opencode`: the plugin and the MCP server, put into OpenCode's configuration."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from codemem_core.api import Check, CodememError, Settings, __version__
from codemem_core.commands import check_client, check_program, check_recorded, check_server
from codemem_opencode.events import KILO, SOURCE
from codemem_opencode.mcp_entry import mcp_entry, wanted
from codemem_opencode.places import config_folder
from codemem_opencode.plugin_files import PluginFiles

_NO_SESSION = "work in {}; set CODEMEM_PLUGIN_LOG=1 to see what its plugin does"
_UPGRADE = "uv tool install --upgrade codemem; codemem setup {}; restart {}"


class Setup:
    """Installs codemem into OpenCode, for every project of this user."""

    agent, title, site = SOURCE, "OpenCode", "https://opencode.ai"

    def __init__(self, settings: Settings) -> None:
        folder = config_folder(settings.environ, self.agent)
        self._hint = f"codemem setup {self.agent}"
        self._folder = folder
        self._files = PluginFiles(folder)
        self._entry = mcp_entry(folder)

    def found(self) -> bool:
        """Say whether the agent is on PATH or was configured."""
        return shutil.which(self.agent) is not None or self._folder.is_dir()

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        changes = [self._files.would()]
        if foreign := self._files.foreign():
            changes.append(f"keep a copy of {foreign}, which it replaces")
        if self._entry.current() is None:
            changes.append(f"enter the MCP server in {self._entry.file}, and keep a copy of that")
        return [change for change in changes if change]

    def apply(self) -> None:
        """Install the plugin and enter the MCP server."""
        if not self._files.is_current():
            self._files.install()
        if self._entry.current() is None:
            self._entry.install(wanted())

    def remove(self) -> list[str]:
        """Take out both."""
        done = [f"removed {self._files.entry}"] if self._files.remove() else []
        return [*done, *(f"removed the MCP server from {file}" for file in self._entry.remove())]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        install = f"install {self.title}: {self.site}"
        yield check_client(self.agent, name=self.title, install=install)
        yield self._plugin()
        yield self._mcp()
        yield check_program(upgrade=_UPGRADE.format(self.agent, self.title))
        yield check_recorded(database, source=self.agent, hint=_NO_SESSION.format(self.title))
        yield check_server(database)

    def _plugin(self) -> Check:
        there = self._files.version()
        if there is None:
            return Check(ok=False, text="the plugin is not installed", hint=self._hint)
        if not self._files.is_current():
            text = f"the plugin is {there} and not the one of codemem {__version__}"
            return Check(ok=False, text=text, hint=self._hint)
        return Check(ok=True, text=f"the plugin is {there}")

    def _mcp(self) -> Check:
        try:
            entry = self._entry.current()
        except CodememError as error:
            return Check(ok=False, text=str(error), hint=error.hint)
        if entry is None:
            return Check(ok=False, text="the MCP server is not configured", hint=self._hint)
        if isinstance(entry, dict) and entry.get("enabled") is False:
            hint = f"set `enabled` in {self._entry.file}"
            return Check(ok=False, text="the MCP server is switched off", hint=hint)
        return Check(ok=True, text="the MCP server is configured")


class KiloSetup(Setup):
    """Installs the same plugin into Kilo, which is built from OpenCode."""

    agent, title, site = KILO, "Kilo", "https://kilo.ai"
