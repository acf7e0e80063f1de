"""Bugs to plant: a harness that stays green on one of these proves nothing.

Each takes the place of a function of the product, in the process that asks for it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import apsw

from codemem_core.store.engine import connection, store, writer


def planted(name: str) -> mock._patch[Any]:
    """Return the patch that plants a bug: use it as a context, or `start()` it for good.

    Without a name it plants nothing.
    """
    target, attribute, bug = _MUTANTS[name]
    return mock.patch.object(target, attribute, bug)


def _acknowledge_before_commit(self: writer.Writer, group: list[Any]) -> None:
    self._db.execute("BEGIN IMMEDIATE")
    for change, future in group:
        future.set_result(change(self._db))
    self._db.execute("COMMIT")


def _acknowledge_failed_commit(db: apsw.Connection, change: writer.Change) -> Any:
    db.execute("BEGIN IMMEDIATE")
    result = change(db)
    try:
        db.execute("COMMIT")
    except apsw.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return result


def _roll_back_blindly(db: apsw.Connection, change: writer.Change) -> Any:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = change(db)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return result


def _begin_deferred(db: apsw.Connection, change: writer.Change) -> Any:
    db.execute("BEGIN")
    try:
        result = change(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


def _copy_files(db: apsw.Connection, change: writer.Change) -> Any:
    result = _in_transaction(db, change)
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(db.filename + ending, f"{db.filename}.copy{ending}")
    return result


@contextlib.contextmanager
def _keep_the_folder_open(db: apsw.Connection) -> Iterator[None]:
    os.open(os.path.dirname(db.filename), os.O_RDONLY)
    yield


@contextlib.contextmanager
def _wait_in_a_thread(db: apsw.Connection) -> Iterator[None]:
    del db
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    yield


def _with_pragma(statement: str) -> Callable[[apsw.Connection, str], None]:
    def make_durable(db: apsw.Connection, path: str) -> None:
        _make_durable(db, path)
        db.execute(statement)

    return make_durable


def _without_checkpoints(db: apsw.Connection, path: str) -> None:
    _make_durable(db, path)
    db.set_wal_hook(lambda *_: 0)


_in_transaction = writer.in_transaction
_make_durable = connection._make_durable

_MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "": (connection, "_make_durable", _make_durable),
    "acknowledge before commit": (writer.Writer, "_commit", _acknowledge_before_commit),
    "acknowledge a failed commit": (store, "in_transaction", _acknowledge_failed_commit),
    "roll back blindly": (store, "in_transaction", _roll_back_blindly),
    "begin deferred": (store, "in_transaction", _begin_deferred),
    "a turn that leaves a file": (writer, "in_turn", _keep_the_folder_open),
    "a turn that leaves a thread": (writer, "in_turn", _wait_in_a_thread),
    "copy the open files": (writer, "in_transaction", _copy_files),
    "sync at checkpoints only": (
        connection,
        "_make_durable",
        _with_pragma("PRAGMA synchronous = NORMAL"),
    ),
    "wal hook that does nothing": (connection, "_make_durable", _without_checkpoints),
}
