"""Writers of several processes take turns at the database."""

from __future__ import annotations

import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from codemem_core.store import events
from codemem_core.store.engine import write_turns
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


def queued(folder: int) -> bool:
    """Say whether somebody has the turn."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(folder, fcntl.LOCK_UN)
    return False


def test_who_waits_for_the_lock_has_the_turn_until_it_writes(
    store: Store, make_event: EventMaker
) -> None:
    """Who comes next waits behind it; after its commit the turn is free."""
    writing = connect(store.path)
    writing.execute("BEGIN IMMEDIATE")
    folder = os.open(os.path.dirname(store.path), os.O_RDONLY)
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(store.write, lambda db: events.append(db, [make_event()], now_ms=1))
        while not queued(folder):
            time.sleep(0.001)
        writing.execute("COMMIT")
        waiting.result()
    free = not queued(folder)
    os.close(folder)
    writing.close()

    assert free


def test_a_turn_that_never_ends_keeps_nobody_from_writing(
    store: Store, make_event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that has it was stopped: the others go on without turns."""
    monkeypatch.setattr(write_turns, "MOST_S", 0.05)
    folder = os.open(os.path.dirname(store.path), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)

    store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    os.close(folder)
    with store.read() as db:
        assert events.totals(db) == (1, 1)
