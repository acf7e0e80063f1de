"""Where OpenCode keeps what is the user's: its configuration and its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_folder(environ: Mapping[str, str], agent: str = "opencode") -> Path:
    """Return the folder of plugins and settings, as OpenCode, or Kilo, finds it."""
    return _base(environ, "XDG_CONFIG_HOME", "~/.config") / agent


def session_database(environ: Mapping[str, str], agent: str = "opencode") -> Path:
    """Return the database of OpenCode's, or Kilo's, sessions."""
    named = environ.get(f"{agent.upper()}_DB", "")
    folder = _base(environ, "XDG_DATA_HOME", "~/.local/share") / agent
    return folder / (named or f"{agent}.db")  # an absolute name is taken as it is


def _base(environ: Mapping[str, str], name: str, default: str) -> Path:
    """Return a base folder; a relative one is ignored, as the XDG specification wants it."""
    chosen = environ.get(name, "")
    return Path(chosen) if chosen.startswith("/") else Path(default).expanduser()
