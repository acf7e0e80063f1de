"""Where codemem keeps its files, and that nobody else reads or replaces them.

Light: the hook path imports it. Paths are text.
"""

from __future__ import annotations

import os

from codemem_core.errors import SettingsError, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codemem_core.config.settings import Settings

# A Unix socket's address holds 108 bytes on Linux, 104 on macOS.
_SOCKET_BYTES = 100
_ON_OFF = frozenset({"0", "false", "off", "no", "1", "true", "yes", "on"})


def home_folder() -> str:
    """Return `~/.codemem`, expanded."""
    return os.path.expanduser("~/.codemem")


def working_folder() -> str:
    """Return the current folder, also when it was deleted; empty when nothing names it."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.environ.get("PWD", "")


def database_path(settings: Settings, option: str | None = None) -> str:
    """Return the database's absolute path: the `--db-path` option, else `CODEMEM_DB`.

    Raises `SettingsError` for a `CODEMEM_DB` that cannot be used: events of a test must not end up
    in the everyday database because its path was mistyped.
    """
    if option:
        return os.path.abspath(os.path.expanduser(option))
    if settings.environ.get("CODEMEM_DB") and settings.where("db") != "environment":
        raise SettingsError(
            f"`CODEMEM_DB` is not an absolute path: `{settings.environ['CODEMEM_DB']}`",
            hint="begin it with `/` or `~/`, or use `--db-path`",
        )
    return os.path.normpath(settings.path("db"))


def socket_path(db: str) -> str:
    """Return the server's Unix socket for a database, in a folder of its own.

    Its folder is `run_folder`'s to make (server) or to check (client).
    """
    folder, name = os.path.split(db)
    path = os.path.join(folder, "run", f"{name}.sock")
    if len(os.fsencode(path)) <= _SOCKET_BYTES:
        return path
    import zlib  # noqa: PLC0415 - only for a database deep down

    return f"/tmp/codemem-{os.geteuid()}/{zlib.crc32(os.fsencode(db)):08x}.sock"  # noqa: S108


def hook_notes_path(db: str) -> str:
    """Return the file in which hooks note what they did, for the server to read.

    In the folder that a database's first server makes: without one nobody would ever read it.
    """
    folder, name = os.path.split(db)
    return os.path.join(folder, "run", f"{name}.hooks")


def lost_count_path(db: str) -> str:
    """Return the file that counts payloads whose loss no log could take, a full disk's."""
    folder, name = os.path.split(db)
    return os.path.join(folder, "run", f"{name}.lost")


def server_lock_path(db: str) -> str:
    """Return the file whose lock a database's server holds, and in which it leaves a note."""
    folder, name = os.path.split(db)
    return os.path.join(folder, "run", f"{name}.lock")


def read_server_note(db: str) -> dict[str, object]:
    """Return what the database's last server noted: `pid`, `url`; `problem`, `hint` if no `url`."""
    import json  # noqa: PLC0415 - 7 ms that no hook spends

    try:
        with open(server_lock_path(db), encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError, TypeError):
        return {}


def viewer_token_path(db: str) -> str:
    """Return the file that holds the server's token for TCP clients."""
    return os.path.join(os.path.dirname(db), "viewer.token")


def log_path(settings: Settings) -> str:
    """Return the log file of the host plugins."""
    named = settings.path("plugin_log_path")
    if named:
        return named
    named = (settings.text("plugin_log") or "").strip()
    if named.lower() in _ON_OFF or not named.startswith(("/", "~/")):
        return os.path.join(home_folder(), "plugin.log")
    return os.path.expanduser(named)


def make_private_folder(path: str) -> None:
    """Create a folder, and missing ones above it, for this user alone (0700)."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        make_private_folder(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def check_private_folder(path: str) -> None:
    """Refuse a folder in which another user could have put or replaced a file.

    Raises `StoreError`; `FileNotFoundError` when there is none.
    """
    status = os.lstat(path)
    if status.st_mode & 0o170000 != 0o040000:
        raise StoreError(f"not a folder: `{path}`", hint="move it away")
    if status.st_uid != os.geteuid():
        raise StoreError(f"folder belongs to another user: `{path}`", hint="use another database")
    if status.st_mode & 0o022:
        raise StoreError(f"other users can write to the folder: `{path}`", hint="chmod 700 it")


def run_folder(path: str) -> None:
    """Make sure the folder of sockets and locks exists and is ours alone; raises `StoreError`."""
    make_private_folder(path)
    check_private_folder(path)


def open_private(path: str, *, flags: int = os.O_WRONLY | os.O_CREAT | os.O_TRUNC) -> int:
    """Open a file for this user alone (0600) and return its descriptor.

    A link in its place is refused (`OSError`), not followed.
    """
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
