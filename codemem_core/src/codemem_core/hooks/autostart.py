"""Start the server when a session begins and none runs, or when one has ended for want of use.

The hook does not wait for it. Any number may be started at once: the server's own lock lets one
live. Only the user's settings count: a repository may have set variables for the hook.
"""

from __future__ import annotations

import os
import sys

from codemem_core import paths
from codemem_core.config.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


UNUSED_S = "300"
"""A server that a hook started ends after so many seconds without use."""


def has_ended_unused(settings: Settings) -> bool:
    """Return whether the database's last server ended by itself because nobody used it."""
    return paths.read_server_note(paths.database_path(settings)).get("unused") is True


def start_server(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Start a server for the hook's database and return at once; False when it should not run.

    `environ` is the hook's environment without what its session, or a repository, put there.
    Raises `OSError` and `StoreError` when it cannot be started.
    """
    trusted = Settings.load(environ)
    database = paths.database_path(settings)
    if not (trusted.flag("viewer_enabled") and trusted.flag("viewer_auto")):
        return False
    if database != paths.database_path(trusted):
        return False
    if trusted.flag("viewer_auto_stop") and not trusted.real("viewer_unused_s"):
        environ = {**environ, "CODEMEM_VIEWER_UNUSED_S": UNUSED_S}
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
        setsid=True,  # hosts end what is left in the group of their hooks
    )
    return True
