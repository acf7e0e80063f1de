"""Start the server when a session begins and none runs.

The hook does not wait for it. Any number may be started at once: the server's own lock lets one
live. Only the user's settings count: a repository can set variables for every hook of its sessions.
"""

from __future__ import annotations

import json
import os
import sys

from codemem_core import paths
from codemem_core.config.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_MAX_BYTES = 1 << 20
# What belongs to this one session or process, not to a server that outlives it.
_OURS = ("CLAUDE_CODE_", "CLAUDE_PLUGIN_", "CLAUDE_PROJECT_", "PYTHON")
_OURS_TOO = frozenset({"AI_AGENT", "CLAUDECODE", "CLAUDE_PID", "CODEMEM_PROJECT", "OLDPWD", "PWD"})


def start_server(payload: Mapping[str, Any], settings: Settings) -> bool:
    """Start a server for the hook's database and return at once; False when it should not run.

    Raises `OSError` and `StoreError` when it cannot be started.
    """
    environ = server_environ(payload, settings.environ)
    trusted = Settings.load(environ)
    database = paths.database_path(settings)
    if not (trusted.flag("viewer_enabled") and trusted.flag("viewer_auto")):
        return False
    if database != paths.database_path(trusted):
        return False
    folder = os.path.dirname(database)
    paths.run_folder(os.path.join(folder, "run"))
    os.chdir(folder)  # not the repository: it would stay busy as long as the server runs
    log = os.path.join("run", f"{os.path.basename(database)}.log")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    program = [sys.executable, "-P", "-m", "codemem_cli", "serve", "--foreground"]
    os.posix_spawn(
        sys.executable,
        [*program, "--db-path", database],
        dict(environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,  # Claude Code ends what is left in the group of its hooks
    )
    return True


def server_environ(payload: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what this session, or its repository, put there."""
    foreign = {name for folder in _projects(payload, environ) for name in _named_in(folder)}
    return {
        name: value
        for name, value in environ.items()
        if name not in foreign | _OURS_TOO and not name.startswith(_OURS)
    }


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
