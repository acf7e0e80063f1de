"""Open the database: the only place that does, in every process.

On the hook path: stdlib `os`, `sys` and `time` only beside apsw.
"""

from __future__ import annotations

import os
import sys
import time

import apsw

from codemem_core.errors import Damaged, NotFound, StoreError
from codemem_core.paths import home_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

APPLICATION_ID = 0x636D656D
"""`cmem` in ASCII: tells our files from other people's."""
OLDEST_SQLITE = (3, 53, 2)
"""Before it: commits lost after a WAL reset (< 3.51.3) and an FTS5 heap overflow (< 3.53.2)."""
BUSY_S = 5.0
_MOVES = 3
"""How often to open again a database that is replaced meanwhile."""
WAL_KEPT_BYTES = 4 * 1024 * 1024
"""What SQLite leaves of the log when it begins it anew: what it writes between two checkpoints."""
_SHARED_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "fuse.sshfs", "drvfs", "afs", "ceph"}
)


class Connection(apsw.Connection):
    """A connection to a codemem database."""

    known_counts: dict[str, tuple[int, int]]
    """What counting rows for a search answered, by question: the table's last id then, the count.

    A dictionary of the caller's, so that a kept connection counts a word once and not at each
    prompt: at 100,000 memories counting is a sixth of a pack.
    """


def connect(path: str, *, readonly: bool = False, busy_s: float = BUSY_S) -> apsw.Connection:
    """Open the database at `path` and prepare the connection.

    A read-only connection refuses writes and never creates a file. A writing one creates a private
    file (0600) if there is none; its commits are on disk when COMMIT returns. A statement waits
    `busy_s` for somebody else's lock. On a file system mounted read-only every connection is a
    read-only one.

    Raises `NotFound` when there is no database to read, `StoreError` when it cannot be used.
    """
    _check_version()
    if is_read_only(path):
        return _open_unchanging(path)
    check_ours(path)
    for _ in range(_MOVES):
        if not readonly:
            _create_private(path)
        before = _identity(path)
        db = _open(path, busy_s)
        try:
            if readonly:
                db.execute("PRAGMA query_only = ON")
                rows(db, "PRAGMA schema_version")
            else:
                _make_durable(db, path)
        except (apsw.Error, OSError) as error:
            leave_wal(db)
            db.close(True)
            if before == _identity(path):
                raise translate(error, path) from error
            continue
        # From here on this connection holds SQLite's shared lock, and the file stays where it is.
        if before == _identity(path):
            return db
        db.close(True)
    raise StoreError(f"the database is being replaced: `{path}`", hint="try again")


def _check_version() -> None:
    if tuple(map(int, apsw.sqlite_lib_version().split("."))) < OLDEST_SQLITE:
        raise StoreError(
            f"SQLite is too old: `{apsw.sqlite_lib_version()}`", hint="pip install --upgrade apsw"
        )


def _open(path: str, busy_s: float) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX | apsw.SQLITE_OPEN_EXRESCODE
    try:
        db = Connection(path, flags=flags)
    except apsw.CantOpenError as error:
        if not os.path.exists(path):
            raise NotFound(
                f"no database: `{path}`", hint="it is made by the first event"
            ) from error
        raise StoreError(f"cannot open the database: `{path}`: {error}") from error
    db.known_counts = {}
    db.set_busy_handler(patience(busy_s))
    harden(db)
    return db


def is_read_only(path: str) -> bool:
    """Say whether a file lies on a file system that is mounted read-only."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False  # no such file: whoever makes it says what is wrong


def _open_unchanging(path: str) -> apsw.Connection:
    """Open a database that nobody can change: without locks and without its log's index."""
    try:
        logged = os.path.getsize(f"{path}-wal")
    except OSError:
        logged = 0
    if logged:
        # An immutable database is read without its log, and so without its latest commits.
        raise StoreError(
            f"the disk is read-only and the database was not closed in good order: `{path}`",
            hint="copy its folder to a disk that can be written to, and set `CODEMEM_DB`",
        )
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_EXRESCODE
    escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        db = apsw.Connection(f"file:{escaped}?immutable=1", flags=flags)
        harden(db)
        rows(db, "PRAGMA schema_version")
    except apsw.Error as error:
        raise translate(error, path) from error
    return db


def check_ours(path: str) -> None:
    """Refuse a database that another user could have written; hide ours from others.

    Raises `StoreError`. Its folder is closed to others where it is codemem's own.
    """
    folder = os.path.dirname(os.path.abspath(path))
    for place, closed in ((folder, 0o700), (path, 0o600)):
        try:
            status = os.stat(place)
        except FileNotFoundError:
            continue
        owners = {os.geteuid(), 0} if place == folder else {os.geteuid()}
        if status.st_uid not in owners:
            raise StoreError(f"belongs to another user: `{place}`", hint="use a database of yours")
        # In a sticky folder, such as /tmp, nobody replaces another one's files.
        if status.st_mode & 0o022 and not status.st_mode & 0o1000:
            raise StoreError(f"other users can write to `{place}`", hint=f"chmod go-w {place}")
        is_own = place == path or place == home_folder()
        if status.st_mode & 0o077 and is_own and status.st_uid == os.geteuid():
            os.chmod(place, closed)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells this file from another one of its name.

    A damaged database is replaced while nobody has it open (`store/recover.py`). Who waited for its
    lock meanwhile holds the old file and would write into the new one's WAL.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def leave_wal(db: apsw.Connection, *, leave: bool = True) -> None:
    """Let the WAL be when this connection closes as the last one.

    SQLite would fold it into the database: for a WAL that is another database's, or a database that
    is damaged, the end of what could be saved.
    """
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(leave))


def rows(db: apsw.Connection, query: str, values: Any = None) -> list[Any]:  # noqa: ANN401
    """Run a query and return all its rows: an open cursor would be an open transaction."""
    return db.execute(query, values).fetchall()


def translate(error: apsw.Error | OSError, path: str) -> StoreError:
    """Say in one line what an error of SQLite or the system means for the user."""
    if isinstance(error, apsw.NotADBError):
        return Damaged(f"not a database: `{path}`")
    if isinstance(error, apsw.CorruptError):
        return _corrupt(error, path)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreError(f"the database is locked: `{path}`", hint="another program is writing")
    if isinstance(error, apsw.ReadOnlyError) and is_read_only(path):
        return StoreError(
            f"the disk is read-only: `{path}`", hint="point `CODEMEM_DB` at another one to write"
        )
    if isinstance(error, apsw.FullError | apsw.IOError):
        return StoreError(f"the disk failed or is full: `{path}`: {error}", hint="make room")
    return StoreError(f"the database refused: {error}")


def _corrupt(error: apsw.CorruptError, path: str) -> StoreError:
    if index_only(error):
        return StoreError(
            f"the search index is out of step: `{path}`", hint="`codemem db check` rebuilds it"
        )
    return Damaged(f"the database is damaged: `{path}`: {error}")


def index_only(error: apsw.Error) -> bool:
    """Say whether a `CorruptError` speaks of the search index alone: the rows are fine."""
    code: int = error.extendedresult  # type: ignore[attr-defined] # the stubs lack it
    return code == apsw.SQLITE_CORRUPT_VTAB


def _create_private(path: str) -> None:
    if os.path.exists(path):
        return
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        # WAL and shared-memory files take their mode from this one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        if not os.path.exists(path):  # else another process was quicker
            raise StoreError(f"cannot create the database: `{path}`: {error.strerror}") from error


def patience(limit_s: float = BUSY_S) -> Callable[[int], bool]:
    """Return a busy handler: it waits for a lock in growing random steps of at most 20 ms.

    Whoever has waited long asks more often. That alone is no queue: writers take turns
    (`store/turn.py`).
    """
    deadline = 0.0

    def wait(attempt: int) -> bool:
        nonlocal deadline
        now = time.monotonic()
        if attempt == 0:
            deadline = now + limit_s
        if now >= deadline:
            return False
        longest_ms = 20 if deadline - now > 0.8 * limit_s else 2
        time.sleep(min(1 + attempt, longest_ms) / 1000 * (os.urandom(1)[0] + 1) / 256)
        return True

    return wait


def harden(db: apsw.Connection) -> None:
    """Distrust the file: its triggers and views run nothing but plain SQL."""
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    db.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    db.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    db.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    db.limit(apsw.SQLITE_LIMIT_LENGTH, 16_000_000)


def _make_durable(db: apsw.Connection, path: str) -> None:
    mode = "delete" if _filesystem(path) in _SHARED_FILESYSTEMS else "wal"
    answer = db.execute(f"PRAGMA journal_mode = {mode}").get
    if answer != mode:
        raise StoreError(f"the database refused journal mode `{mode}` and stayed in `{answer}`")
    # All rows: APSW stops at the first one, and one of these gives its new value as a row.
    rows(
        db,
        "PRAGMA synchronous = FULL;"
        "PRAGMA fullfsync = ON;"  # macOS: fsync alone stops at the drive's cache
        "PRAGMA checkpoint_fullfsync = ON;"
        f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES};"
        "PRAGMA wal_autocheckpoint = 1000;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA recursive_triggers = ON;"  # else REPLACE leaves stale rows in the search index
        "PRAGMA secure_delete = ON;"
        "PRAGMA cell_size_check = ON",
    )


def _filesystem(path: str) -> str:
    """Return the type of the file system `path` lies on, or an empty string.

    WAL needs shared memory that works: virtiofs and 9p damage the file without any error.
    """
    if sys.platform != "linux":
        return ""
    real, best, kind = os.path.realpath(path), "", ""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as table:
        for line in table:
            fields = line.split()
            mount = fields[4].replace("\\040", " ")
            inside = real == mount or real.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, fields[fields.index("-") + 1]
    return kind
