"""Environment variables that a repository's settings set for every hook of its sessions."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_MAX_BYTES = 1 << 20


def set_by_projects(payload: Mapping[str, Any], environ: Mapping[str, str]) -> set[str]:
    """Return the names of variables that the settings of a session's projects set."""
    return {name for folder in _projects(payload, environ) for name in _named_in(folder)}


def _projects(payload: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the folders whose settings Claude Code may have read, but for the user's own."""
    home = os.path.expanduser("~")
    for start in (environ.get("CLAUDE_PROJECT_DIR"), payload.get("cwd")):
        folder = start if isinstance(start, str) and os.path.isabs(start) else "/"
        while folder not in {"/", home}:
            yield folder
            folder = os.path.dirname(folder)


def _named_in(folder: str) -> Iterator[str]:
    """Yield the variables that a project's settings set."""
    for name in ("settings.json", "settings.local.json"):
        try:
            with open(os.path.join(folder, ".claude", name), "rb") as file:
                settings = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        given = settings.get("env") if isinstance(settings, dict) else None
        yield from given if isinstance(given, dict) else ()
