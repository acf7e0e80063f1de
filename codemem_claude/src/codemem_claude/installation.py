"""What of codemem Claude Code has installed, and what a person can do about it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemem_claude.history import config_folder
from codemem_core.api import Check, __version__, make_private_folder
from codemem_core.commands import (
    check_client,
    check_program,
    check_server,
    installed_program,
)

PLUGIN = "codemem@codemem-marketplace"
UPGRADE = "uv tool install --upgrade codemem, update the plugin, restart Claude Code"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginState:
    """The plugin as Claude Code knows it."""

    version: str | None = None
    """None when it is not installed."""
    enabled: bool = False
    path: str | None = None


def plugin_state() -> PluginState:
    """Read Claude Code's own files; what cannot be read counts as not installed."""
    folder = config_folder()
    known = _object(folder / "plugins" / "installed_plugins.json").get("plugins")
    entries = known.get(PLUGIN) if isinstance(known, Mapping) else None
    newest = entries[-1] if isinstance(entries, list) and entries else None
    if not isinstance(newest, Mapping):
        return PluginState()
    enabled = _object(folder / "settings.json").get("enabledPlugins")
    return PluginState(
        version=str(newest.get("version")),
        enabled=isinstance(enabled, Mapping) and enabled.get(PLUGIN) is True,
        path=str(newest.get("installPath")),
    )


def checks(*, database: str, last_hook_ms: int | None) -> Iterator[Check]:
    """Look at everything a session needs, from the client to the server."""
    yield check_client(
        "claude", name="Claude Code", install="install Claude Code: https://claude.com/claude-code"
    )
    state = plugin_state()
    hint = "codemem setup claude"
    if state.version is None:
        yield Check(ok=False, text="the plugin is not installed", hint=hint)
    elif not state.enabled:
        hint = f"claude plugin enable {PLUGIN}"
        yield Check(ok=False, text=f"the plugin {state.version} is switched off", hint=hint)
    else:
        same = state.version == __version__
        text = f"the plugin is {state.version}, codemem is {__version__}"
        yield Check(ok=same, text=text, hint="" if same else UPGRADE)
    yield check_program(upgrade=UPGRADE)
    hint = "start a Claude Code session; `claude --debug` shows what its hooks say"
    fired = last_hook_ms is not None
    text = f"hooks have fired, last {_ago(last_hook_ms)}" if fired else "no hook has fired yet"
    yield Check(ok=fired, text=text, hint="" if fired else hint)
    yield check_server(database)


def _ago(then_ms: int | None) -> str:
    """Say how long ago something was, roughly: a person looks whether it was this session."""
    minutes = max(0, time.time_ns() // 1_000_000 - (then_ms or 0)) // 60_000
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


def _object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_marketplace(folder: str) -> None:
    """Write a marketplace with this codemem's plugin, for `claude plugin marketplace add`."""
    make_private_folder(folder)
    plugin = Path(__file__).with_name("claude_plugin")
    entry = {"name": "codemem", "source": "./plugin", "version": __version__}
    market = {"name": PLUGIN.partition("@")[2], "owner": {"name": "codemem"}, "plugins": [entry]}
    place = Path(folder)
    shutil.copytree(plugin, place / "plugin", dirs_exist_ok=True)
    program = installed_program()
    if program:
        (place / "plugin" / "scripts" / "program").write_text(f"{program}\n", encoding="utf-8")
    (place / ".claude-plugin").mkdir(exist_ok=True)
    draft = place / ".claude-plugin" / "marketplace.json.new"
    draft.write_text(json.dumps(market, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, place / ".claude-plugin" / "marketplace.json")
