"""The one writer of a process: many changes, one transaction, one fsync."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.engine import wal
from codemem_core.store.engine.connection import translate
from codemem_core.store.engine.write_turns import in_turn

if TYPE_CHECKING:
    from concurrent.futures import Future

Change = Callable[[apsw.Connection], Any]

_GROUP = 64
"""Changes one transaction takes: bounds how long the first of them waits for its COMMIT."""
_IDLE_S = 2.0
"""A pause of this length is used to tidy up."""


class Writer:
    """A thread that owns the write connection and commits what has queued up as one group.

    A caller's future is done after the COMMIT that holds its change. A change that raises is
    rolled back alone; the others of its group stand. While one group is being synced to disk the
    next one gathers, so the group grows with the load and a single write never waits for company.
    """

    def __init__(self, db: apsw.Connection, path: str) -> None:
        self._db = db
        self._path = path
        self._queue: SimpleQueue[tuple[Change, Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="codemem-writer", daemon=True)
        self._closed = False
        self._thread.start()

    def submit(self, change: Change) -> Future[Any]:
        """Queue a change; the future gives its result once it is on disk."""
        from concurrent.futures import Future  # noqa: PLC0415 - brings logging; commands never ask

        if self._closed:
            raise StoreError("the store is closed")
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # a change that is queued will be committed
        self._queue.put((change, future))
        return future

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            group, more = self._gather()
            if group:
                self._commit(group)
            if not more:
                return

    def _gather(self) -> tuple[list[tuple[Change, Future[Any]]], bool]:
        group = []
        task = self._next()
        while task is not None:
            group.append(task)
            if len(group) == _GROUP or self._queue.empty():
                return group, True
            task = self._queue.get()
        return group, False

    def _next(self) -> tuple[Change, Future[Any]] | None:
        while True:
            try:
                return self._queue.get(timeout=_IDLE_S)
            except Empty:
                wal.tidy(self._db)

    def _commit(self, group: list[tuple[Change, Future[Any]]]) -> None:
        try:
            outcomes = in_transaction(self._db, lambda db: [_attempt(db, task) for task in group])
        except (apsw.Error, StoreError) as error:
            failure = translate(error, self._path) if isinstance(error, apsw.Error) else error
            for _, future in group:
                future.set_exception(failure)
            return
        for (_, future), (result, problem) in zip(group, outcomes, strict=True):
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)


def in_transaction(db: apsw.Connection, change: Change) -> Any:  # noqa: ANN401
    """Run `change` in one IMMEDIATE transaction and return its result after the COMMIT.

    IMMEDIATE because a read that turns into a write fails at once, whatever the busy handler.
    """
    wal.check_room(db)
    with in_turn(db):
        db.execute("BEGIN IMMEDIATE")
    try:
        result = change(db)
        db.execute("COMMIT")
    except BaseException:
        # A full or failing disk has rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


def _attempt(
    db: apsw.Connection, task: tuple[Change, Future[Any]]
) -> tuple[Any, BaseException | None]:
    """Run one change of a group so that its failure undoes nothing of the others."""
    change, _ = task
    db.execute("SAVEPOINT change")
    try:
        result = change(db)
    except (apsw.FullError, apsw.IOError):
        raise  # the whole transaction is gone
    except Exception as error:  # noqa: BLE001 - not swallowed: the caller's future raises it
        db.execute("ROLLBACK TO change; RELEASE change")
        return None, error
    db.execute("RELEASE change")
    return result, None
