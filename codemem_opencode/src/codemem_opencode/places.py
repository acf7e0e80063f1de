"""Where OpenCode keeps what is the user's: its configuration and its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of plugins and settings, as OpenCode finds it."""
    return _base(environ, "XDG_CONFIG_HOME", "~/.config") / "opencode"


def session_database(environ: Mapping[str, str]) -> Path:
    """Return the database of OpenCode's sessions."""
    named = environ.get("OPENCODE_DB", "")
    folder = _base(environ, "XDG_DATA_HOME", "~/.local/share") / "opencode"
    return folder / (named or "opencode.db")  # an absolute name is taken as it is


def _base(environ: Mapping[str, str], name: str, default: str) -> Path:
    """Return a base folder; a relative one is ignored, as the XDG specification wants it."""
    chosen = environ.get(name, "")
    return Path(chosen) if chosen.startswith("/") else Path(default).expanduser()
