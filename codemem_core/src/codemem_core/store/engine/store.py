"""A process's view of the database: readers apart, one writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, LifoQueue
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import apsw

from codemem_core.errors import Damaged, StoreError
from codemem_core.store.engine.connection import connect, leave_wal, translate
from codemem_core.store.engine.migrate import migrate
from codemem_core.store.engine.writer import Writer, in_transaction

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_READERS = 4
"""Idle read connections kept; each costs up to 2 MB of page cache."""


class Store:
    """The open database.

    `Store.open(path)` for a command: writes run in the caller. `threaded=True` for the server: one
    writer thread commits what many callers submit.
    """

    def __init__(self, path: str, db: apsw.Connection, *, threaded: bool) -> None:
        self.path = path
        self._db = db
        self._writer = Writer(db, path) if threaded else None
        self._write_lock = threading.Lock()
        self._idle: LifoQueue[apsw.Connection] = LifoQueue(_READERS)
        self.on_damage: Callable[[], None] = lambda: None
        """Called, in any thread, when SQLite says that the file may be damaged."""

    @classmethod
    def open(cls, path: str, *, threaded: bool = False, upgrade: bool = True) -> Self:
        """Open, and if need be create or migrate, the database at `path`.

        Writes nothing when the schema is current. Without `upgrade` an older schema is refused:
        migrating takes the time of a backup. Raises `StoreError`.
        """
        db = connect(path)
        try:
            migrate(db, path, upgrade=upgrade)
        except (apsw.Error, OSError) as error:
            leave_wal(db)
            db.close(True)
            raise translate(error, path) from error
        except StoreError:
            leave_wal(db)
            db.close(True)
            raise
        return cls(path, db, threaded=threaded)

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """Lend a read connection; fetch everything before the block ends.

        An open cursor is a read transaction, and one of those lets the WAL grow without bound.
        """
        try:
            db = self._idle.get_nowait()
        except Empty:
            db = connect(self.path, readonly=True)
        try:
            yield db
        except apsw.Error as error:
            self._look_at(error)
            raise translate(error, self.path) from error
        finally:
            self._take_back(db)

    def _take_back(self, db: apsw.Connection) -> None:
        """Keep a read connection for the next reader; end it if a cursor was left open on it."""
        if db.txn_state() == apsw.SQLITE_TXN_NONE:
            try:
                self._idle.put_nowait(db)
            except Full:
                pass
            else:
                return
        db.close(True)

    def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Run `change` in one transaction and return its result after the COMMIT.

        Raises what `change` raises, with nothing written, or `StoreError`.
        """
        if self._writer is not None:
            return self.submit(change).result()
        with self._write_lock:
            try:
                return cast("T", in_transaction(self._db, change))
            except apsw.Error as error:
                self._look_at(error)
                raise translate(error, self.path) from error

    def submit(self, change: Callable[[apsw.Connection], T]) -> Future[T]:
        """Queue `change` (threaded stores only); the future is done after its COMMIT."""
        if self._writer is None:
            raise StoreError("this store has no writer thread")
        committed = self._writer.submit(change)
        committed.add_done_callback(lambda done: self._look_at(done.exception()))
        return cast("Future[T]", cast("Any", committed))

    def _look_at(self, error: BaseException | None) -> None:
        if isinstance(error, apsw.CorruptError | apsw.NotADBError | Damaged):
            self.on_damage()

    def close(self) -> None:
        """Finish queued writes and close every connection."""
        if self._writer is not None:
            self._writer.close()
        while not self._idle.empty():
            self._idle.get_nowait().close(True)
        self._db.close(True)

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
