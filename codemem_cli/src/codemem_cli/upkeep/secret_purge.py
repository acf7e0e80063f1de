"""Take a secret out of everything that is kept, and prove that it is gone."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from codemem_cli.upkeep.secret_forms import Secret
from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from codemem_core.store import journal, memories
from codemem_core.store.engine.connection import harden, rows, translate
from codemem_core.store.engine.writer import in_transaction
from codemem_core.store.repair.vacuum import write_anew

_MAGIC = b"SQLite format 3\0"
_DIGEST = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the secret is."""

    where: str
    """A file, and for a database its table and column."""
    found: int
    """Rows, or for a file 1."""


# --- databases -----------------------------------------------------------------------------------


def in_database(db: apsw.Connection, secret: Secret, name: str) -> list[Place]:
    """Return where the secret is in a database, by table and column."""
    _understand(db, secret)
    found = []
    for table, column in _columns(db):
        query = f'SELECT count(*) FROM "{table}" WHERE {_holds(table, column)}'  # noqa: S608
        number = db.execute(query).get
        if number:
            found.append(Place(where=f"{name}: {table}.{column}", found=number))
    return found


def _holds(table: str, column: str) -> str:
    # A number is no text: a time may well have the digits of a PIN in it.
    place = f'"{table}"."{column}"'
    return f"typeof({place}) IN ('text', 'blob') AND holds_secret({place})"


def _understand(db: apsw.Connection, secret: Secret) -> None:
    """Give SQL on a connection the words for it."""

    def holds_secret(*values: Any) -> bool:  # noqa: ANN401 - one, text or bytes
        return secret.is_in(*values)

    def without_secret(*values: Any) -> str:  # noqa: ANN401 - one, text
        return secret.taken_out(*values)

    db.create_scalar_function("holds_secret", holds_secret, 1, deterministic=True)
    db.create_scalar_function("without_secret", without_secret, 1, deterministic=True)


def _columns(db: apsw.Connection) -> Iterator[tuple[str, str]]:
    """Yield the columns of the ordinary tables; the search index follows by its triggers."""
    tables = rows(
        db,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND name NOT LIKE 'sqlite_%'",
    )
    for (table,) in tables:
        for (column,) in rows(db, "SELECT name FROM pragma_table_info(?)", (table,)):
            yield table, column


def clean_database(db: apsw.Connection, secret: Secret) -> None:
    """Replace the secret in every table by `[PURGED]`, and make the search index anew.

    Call it in a transaction. What people changed can not be undone any more: what was before is
    kept in changesets, which may hold the secret in two halves.
    """
    _understand(db, secret)
    columns = list(_columns(db))
    if ("journal_changes", "changes") in columns:
        journal.clear(db)
    touched = _memories_with(db, secret) if ("memories", "words") in columns else []
    for table, column in columns:
        db.execute(
            f'UPDATE "{table}" SET "{column}" = without_secret("{column}")'  # noqa: S608
            f' WHERE typeof("{column}") = \'text\' AND holds_secret("{column}")'
        )
    for number in touched:
        _index_again(db, number, secret)
    query = "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'"
    for (name,) in rows(db, query):
        db.execute(f'INSERT INTO "{name}" ("{name}") VALUES (\'rebuild\')')  # noqa: S608


def _memories_with(db: apsw.Connection, secret: Secret) -> list[int]:
    held = " OR ".join(
        f"({_holds(table, name)})" for table, name in _columns(db) if table == "memories"
    )
    query = f"SELECT id FROM memories WHERE {held}"  # noqa: S608
    return [number for (number,) in rows(db, query)]


def _index_again(db: apsw.Connection, memory_id: int, secret: Secret) -> None:
    """Work out a memory's tags and indexed words anew: they hold the parts of names and secrets."""
    memory = memories.get(db, memory_id)
    if memory is not None:
        tags = tuple(tag for tag in memory.tags if not secret.tag or secret.tag[:40] not in tag)
        memories.edit(db, memory_id, {"tags": tags}, now_ms=memory.updated_ms)


def rewrite(path: str) -> None:
    """Write a database anew without free pages and empty its log; raises `StoreError`."""
    db = _opened(path)
    try:
        write_anew(db, path)
    finally:
        db.close(True)


def _opened(path: str) -> apsw.Connection:
    """Open any database of ours, an old one or a backup too, as it is; raises `StoreError`."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_EXRESCODE
    try:
        db = apsw.Connection(path, flags=flags)
    except apsw.Error as error:
        raise translate(error, path) from error
    db.set_busy_timeout(5000)
    harden(db)
    rows(db, "PRAGMA secure_delete = ON")
    return db


# --- files ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was searched, byte by byte, without finding the secret."""

    files: int
    size_bytes: int


def look(path: str, settings: Settings, secret: Secret) -> list[Place]:
    """Return where the secret is: in the database at `path`, its backups, the spool, the logs."""
    found = []
    for file in _files(path, settings):
        if _is_database(file):
            with _reading(file) as db:
                there = in_database(db, secret, file)
        else:
            there = []
        # Also what no row holds any more: free pages, a log, another program's file.
        if not there and _holds_bytes(file, secret.is_in):
            there = [Place(where=file, found=1)]
        found += there
    return found


def halves(path: str, settings: Settings, secret: Secret) -> list[Place]:
    """Return the files that hold half of the secret, as what clips texts may have left it."""
    return [
        Place(where=file, found=1)
        for file in _files(path, settings)
        if _holds_bytes(file, lambda content: any(half.search(content) for half in secret.halves))
    ]


def purge(path: str, settings: Settings, secret: Secret) -> Proof:
    """Take the secret out of everything, and search every byte for it afterwards.

    Raises `StoreError` when it is still somewhere, or somebody uses the database.
    """
    settled = _only_searched(settings)
    for file in _files(path, settings):
        if _is_database(file):
            _clean(file, secret)
        elif file not in settled and _holds_bytes(file, secret.is_in) and not _is_log(file):
            _rewrite_file(file, secret)
    for file in _files(path, settings):
        if _is_database(file):
            rewrite(file)
    left = look(path, settings, secret)
    if left:
        raise StoreError(
            f"it is still in {left[0].where}" + (f" and {len(left) - 1} more" * (len(left) > 1)),
            hint="take it out there by hand, or delete the file; then purge again",
        )
    files = list(_files(path, settings))
    return Proof(files=len(files), size_bytes=sum(os.path.getsize(file) for file in files))


def _clean(file: str, secret: Secret) -> None:
    db = _opened(file)
    try:
        in_transaction(db, lambda db: clean_database(db, secret))
    except apsw.Error as error:
        raise translate(error, file) from error
    finally:
        db.close(True)


@contextlib.contextmanager
def _reading(file: str) -> Iterator[apsw.Connection]:
    db = _opened(file)
    try:
        yield db
    except apsw.Error as error:
        raise translate(error, file) from error
    finally:
        db.close(True)


def _files(path: str, settings: Settings) -> Iterator[str]:
    """Yield every file that may hold what was remembered, the database's own log too, each once."""
    folder, name = os.path.split(path)
    own = os.path.join(folder, "backups")
    trees = [own, settings.path("claude_hook_spool_dir"), paths.home_folder()]
    named = [os.path.join(folder, entry) for entry in sorted(os.listdir(folder))
             if entry.startswith(name)]  # fmt: skip
    seen: set[tuple[int, int]] = set()
    for file in (*named, paths.log_path(settings), *_only_searched(settings), *_below(trees)):
        try:
            status = os.lstat(file)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield file


def _only_searched(settings: Settings) -> list[str]:
    """Return the user's own files: to take something out of them is the user's business."""
    return [settings.file] if settings.file else []


def _below(trees: Sequence[str]) -> Iterator[str]:
    for tree in trees:
        for folder, _, names in os.walk(tree):
            yield from (os.path.join(folder, name) for name in sorted(names))


def _is_database(file: str) -> bool:
    with _bytes_of(file) as content:
        return content[: len(_MAGIC)] == _MAGIC


def _is_log(file: str) -> bool:
    """Say whether SQLite keeps this file beside a database; it is SQLite that empties it."""
    return file.endswith(("-wal", "-shm", "-journal"))


def _holds_bytes(file: str, is_in: Callable[[mmap.mmap | bytes], bool]) -> bool:
    with _bytes_of(file) as content:
        return is_in(content)


@contextlib.contextmanager
def _bytes_of(file: str) -> Iterator[mmap.mmap | bytes]:
    """Lend the content of a file; nothing of one that is empty, or gone: a spool is emptied."""
    try:
        with open(file, "rb") as data:
            if not os.fstat(data.fileno()).st_size:
                yield b""
                return
            with mmap.mmap(data.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield content
    except FileNotFoundError:
        yield b""
    except OSError as error:
        raise StoreError(f"cannot read the file: `{file}`: {error.strerror}") from error


def _rewrite_file(file: str, secret: Secret) -> None:
    """Put a cleaned copy in the place of a file; a spooled payload keeps its checksum true."""
    with open(file, "rb") as old:
        data = secret.taken_out_of_bytes(old.read())
    digest, _, body = data.partition(b"\n")
    if _DIGEST.fullmatch(digest):
        data = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
    draft = f"{file}.purged"
    try:
        with open(paths.open_private(draft), "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.replace(draft, file)
    except OSError as error:
        raise StoreError(f"cannot write the file: `{file}`: {error.strerror}") from error
