"""Copies of the database that were checked before they count, and the way back."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass

import apsw

from codemem_core.errors import Damaged, InputError, NotFound, StoreError
from codemem_core.paths import make_private_folder
from codemem_core.store.engine.connection import connect, harden, translate
from codemem_core.store.engine.exclusive import kept_name, replace, sole_use, stamp, sync_folder
from codemem_core.store.engine.schema import strangers
from codemem_core.store.repair.check import examine, rebuild_index

KEEP = 7
"""Backups kept of one database; the oldest go first."""
_NAME = re.compile(r".+\.(\d{8}-\d{6}-\d{6})-([a-z0-9-]+)\.backup")
_WHY = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A finished backup."""

    path: str
    made: str
    """UTC, `YYYYMMDD-HHMMSS-microseconds`."""
    why: str
    """`manual`, or what was about to happen."""
    size_bytes: int


def folder(path: str) -> str:
    """Return where the backups of the database at `path` are."""
    return os.path.join(os.path.dirname(path), "backups")


def make(path: str, *, why: str = "manual", keep: int = KEEP) -> Backup:
    """Copy the database, check the copy, and keep it; then remove all but the newest `keep`.

    Others may read and write meanwhile: the copy is of one moment. A backup has its name only when
    it is whole, sound and on disk. Raises `StoreError`, with nothing left behind; `Damaged` when
    what was copied is damaged.
    """
    if not _WHY.fullmatch(why):
        raise InputError(f"not a reason for a backup's name: `{why}`")
    make_private_folder(folder(path))
    made = stamp()
    final = os.path.join(folder(path), f"{os.path.basename(path)}.{made}-{why}.backup")
    draft = f"{final}.part"
    try:
        _copy(path, draft)
        os.rename(draft, final)
        sync_folder(final)
    except apsw.Error as error:
        raise translate(error, draft) from error
    except OSError as error:
        raise StoreError(f"the backup failed: `{final}`: {error.strerror}") from error
    finally:
        _remove(draft)
    for old in listed(path)[max(keep, 1) :]:
        os.unlink(old.path)
    return Backup(path=final, made=made, why=why, size_bytes=os.path.getsize(final))


def listed(path: str) -> list[Backup]:
    """Return the backups of the database at `path`, newest first."""
    try:
        names = sorted(os.listdir(folder(path)))
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match and name.startswith(f"{os.path.basename(path)}."):
            place = os.path.join(folder(path), name)
            size = os.path.getsize(place)
            found.append(Backup(path=place, made=match[1], why=match[2], size_bytes=size))
    return sorted(found, key=lambda backup: backup.made, reverse=True)


def restore(path: str, backup: str) -> str | None:
    """Put a backup in the place of the database; return where the replaced one is kept.

    None when there was none. The backup stays as it is. Raises `StoreError` when the backup is not
    sound, or when somebody has the database open; then nothing has changed.
    """
    if os.path.exists(path) and os.path.exists(backup) and os.path.samefile(path, backup):
        raise InputError(f"this is the database itself: `{backup}`")
    draft = f"{path}.restore-{stamp()}.part"
    make_private_folder(os.path.dirname(path))
    try:
        _copy(backup, draft, readonly=True)
        # In WAL mode before anybody sees it: two openers at once would both try to turn it.
        connect(draft).close(True)
        if not os.path.exists(path):
            # `link` refuses to step on a database that was made this moment.
            os.link(draft, path)
            sync_folder(path)
            return None
        kept = kept_name(path, "replaced")
        with sole_use(path):
            replace(path, draft, kept=kept)
    except apsw.Error as error:
        raise translate(error, backup) from error
    except OSError as error:
        raise StoreError(f"the restore failed: `{path}`: {error.strerror}") from error
    finally:
        _remove(draft)
    return kept


def _copy(source: str, draft: str, *, readonly: bool = False) -> None:
    """Copy a database into one new private file, checked and synced.

    Through SQLite, never file by file: closing a plain descriptor of a database that this process
    has open drops its locks, and with them commits that were acknowledged.
    """
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    with contextlib.ExitStack() as opened:
        given = _read(source) if readonly else connect(source, readonly=True)
        opened.callback(given.close, True)
        copy = apsw.Connection(draft, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_EXRESCODE)
        opened.callback(copy.close, True)
        harden(copy)
        with copy.backup("main", given, "main") as task:
            # In one go: page by page it would begin again at each write of somebody else.
            task.step(-1)
        # One file without a WAL, which can be read where nothing can be written.
        copy.execute("PRAGMA cell_size_check = ON; PRAGMA journal_mode = delete").fetchall()
        health = examine(copy, draft)
        if health.damage:
            raise Damaged(f"the database is damaged: `{source}`: {health.damage[0]}")
        if readonly and (found := strangers(copy)):
            raise StoreError(
                f"the backup holds what codemem never makes: {found[0]} in `{source}`",
                hint="its memories alone: `codemem db salvage`, or export them where it came from",
            )
        if not health.index_in_step:
            rebuild_index(copy)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: str) -> apsw.Connection:
    """Open a backup without leaving anything beside it."""
    if not os.path.exists(path):
        raise NotFound(f"no backup: `{path}`", hint="`codemem db backup --list` lists them")
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_EXRESCODE)
    harden(db)
    return db


def _remove(draft: str) -> None:
    for tail in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft + tail)
