"""`codemem setup claude`: the plugin that came with this codemem, put into Claude Code."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from codemem_claude.installation import PLUGIN, checks, plugin_state, write_marketplace
from codemem_core.api import (
    Check,
    Settings,
    Store,
    __version__,
    home_folder,
    last_hooks,
)
from codemem_core.commands import run_client

_MARKETPLACE = PLUGIN.partition("@")[2]


class Setup:
    """Installs the plugin through Claude Code's own commands."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings every installer is given; this one needs none."""

    def found(self) -> bool:
        """Say whether `claude` is on PATH."""
        return shutil.which("claude") is not None

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        there = plugin_state().version
        if there is None:
            return [f"install the plugin {PLUGIN} {__version__}"]
        return [f"update the plugin from {there} to {__version__}"] if there != __version__ else []

    def apply(self) -> None:
        """Add the marketplace and install, or bring up to date, the plugin."""
        folder = os.path.join(home_folder(), "claude-marketplace")
        write_marketplace(folder)
        _claude("plugin", "marketplace", "add", folder)
        if plugin_state().version is None:
            _claude("plugin", "install", PLUGIN)
        elif plugin_state().version != __version__:
            _claude("plugin", "marketplace", "update", _MARKETPLACE)
            _claude("plugin", "update", PLUGIN)

    def remove(self) -> list[str]:
        """Uninstall the plugin and forget its marketplace."""
        there = plugin_state().version
        if there is None:
            return []
        _claude("plugin", "uninstall", PLUGIN)
        _claude("plugin", "marketplace", "remove", _MARKETPLACE)
        return [f"uninstalled the plugin {PLUGIN} {there}"]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        return checks(database=database, last_hook_ms=_last_hook_ms(database))


def _last_hook_ms(database: str) -> int | None:
    if not os.path.exists(database):
        return None
    with Store.open(database) as store, store.read() as db:
        return max(last_hooks(db, "claude").values(), default=None)


def _claude(*arguments: str) -> None:
    run_client("claude", *arguments, install="install Claude Code first")
