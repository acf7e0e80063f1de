"""The write-ahead log: bounded while somebody reads for ever, small again soon after."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pytest

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store
from tests.faults.audit import audit, event
from tests.faults.conftest import Report
from tests.faults.mutants import planted

MIB = 1024 * 1024


class Load:
    """Writes events one after another; keeps what was acknowledged, and how large the log was."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged: list[str] = []
        self.largest = 0

    def write(self, events_: int) -> bool:
        """Write so many events of 60 kB; False when one was refused."""
        for _ in range(events_):
            one = event(f"e{len(self.acknowledged)}", size=60_000)
            try:
                self._store.write(lambda db, one=one: events.append(db, [one], now_ms=1))
            except StoreError:
                return False
            self.acknowledged.append(one.event_id)
            self.largest = max(self.largest, self.size())
        return True

    def size(self) -> int:
        """Return the bytes of the log."""
        return os.path.getsize(f"{self._store.path}-wal")


@contextmanager
def stream_readers(store: Store, count: int) -> Iterator[None]:
    """Read all the time, as `count` open event streams do."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.05):
            with store.read() as db:
                events.totals(db)

    readers = [threading.Thread(target=read) for _ in range(count)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        over.set()
        for reader in readers:
            reader.join()


@contextmanager
def stuck_reader(database: str) -> Iterator[None]:
    """Keep a read transaction open, as a forgotten shell does."""
    db = connect(database, readonly=True)
    db.execute("BEGIN")
    rows(db, "SELECT count(*) FROM raw_events")
    try:
        yield
    finally:
        db.close(True)


def seconds_until(true: Callable[[], bool]) -> float:
    """Wait for something to become true; return how long that took, at most 40 s."""
    started = time.monotonic()
    while not true() and time.monotonic() - started < 40:
        time.sleep(0.05)
    return time.monotonic() - started


@pytest.mark.parametrize("times", [1, pytest.param(50, marks=pytest.mark.faults)])
def test_the_log_is_bounded_and_shrinks_after_the_reader(
    times: int, store: Store, report: Report
) -> None:
    """A stuck reader and 50 others: refused before 128 MiB, under 8 MiB again within 10 s."""
    load, refused, waited = Load(store), 0, [0.0]
    with stream_readers(store, 50):
        for _ in range(times):
            with stuck_reader(store.path):
                refused += not load.write(2_500)
            waited.append(seconds_until(lambda: load.write(1) and load.size() < 8 * MIB))
            with stuck_reader(store.path):
                load.write(200)
            waited.append(seconds_until(lambda: load.size() < 8 * MIB))
    store.close()
    found = audit(store.path, load.acknowledged)

    report(
        rounds=times,
        refused=refused,
        largest_wal_mib=load.largest // MIB,
        shrunk_after_s=round(max(waited), 2),
        **asdict(found),
    )
    assert load.largest < 128 * MIB
    assert max(waited) < 30  # 10 on a machine that has nothing else to do
    assert refused == times
    assert found.good


def test_the_log_harness_sees_a_hook_that_does_nothing(database: str) -> None:
    """Without checkpoints the log of a busy writer grows on; with them it does not."""
    sizes = []
    for bug in ("", "wal hook that does nothing"):
        with planted(bug), Store.open(database, threaded=True) as store:
            load = Load(store)
            load.write(300)
            sizes.append(load.largest)
        os.unlink(database)

    assert sizes[0] < 8 * MIB < sizes[1]
