"""The store: group commit, isolation of changes, readers apart."""

from __future__ import annotations

import subprocess
import sys

import apsw
import pytest

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


def test_a_write_is_seen_by_readers_when_it_returns(store: Store, make_event: EventMaker) -> None:
    """The acknowledgement comes after the COMMIT."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    with store.read() as db:
        assert events.totals(db) == (1, 1)


def test_a_change_that_raises_undoes_nothing_of_its_group(
    store: Store, make_event: EventMaker
) -> None:
    """Callers that share a transaction do not share their failures."""
    good = [make_event() for _ in range(20)]

    def bad(db: apsw.Connection) -> None:
        events.append(db, [make_event(stream_id="bad")], now_ms=1)
        raise ValueError("no")

    futures = []
    for event in good:
        futures.append(store.submit(lambda db, e=event: events.append(db, [e], now_ms=1)))
        failing = store.submit(bad)
        with pytest.raises(ValueError, match="no"):
            failing.result()

    assert [future.result().inserted for future in futures] == [1] * 20
    with store.read() as db:
        assert events.totals(db) == (1, 20)


def test_a_closed_store_takes_nothing(database: str) -> None:
    """A change that could not be committed is refused, not lost."""
    store = Store.open(database, threaded=True)
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.submit(lambda _: None)


def test_closing_finishes_what_was_queued(database: str, make_event: EventMaker) -> None:
    """Every change submitted before the end is committed."""
    store = Store.open(database, threaded=True)
    made = [make_event() for _ in range(200)]
    futures = [store.submit(lambda db, e=e: events.append(db, [e], now_ms=1)) for e in made]

    store.close()

    assert sum(future.result().inserted for future in futures) == 200


def test_a_reader_that_forgets_its_cursor_holds_nothing(
    store: Store, make_event: EventMaker
) -> None:
    """An open cursor would keep the write-ahead log from being emptied for ever."""
    store.write(lambda db: events.append(db, [make_event(), make_event()], now_ms=1))
    with store.read() as db:
        cursor = db.execute("SELECT seq FROM raw_events")
        next(cursor)

    with pytest.raises(apsw.CursorClosedError):
        next(cursor)


def test_a_waiting_change_cannot_be_called_off(store: Store) -> None:
    """A cancelled future would end the writer thread when its result is set."""
    assert not store.submit(lambda _: None).cancel()
    assert store.write(lambda _: "next") == "next"


_WRITER = """
import sys
from codemem_core.records.event import RawEvent
from codemem_core.store import events
from codemem_core.store.engine.store import Store

path, name = sys.argv[1:]
with Store.open(path) as store:
    for n in range(50):
        key = {"source": "x", "stream_id": "s", "event_id": f"{name}-{n}"}
        event = RawEvent(**key, event_type="t", payload={})
        store.write(lambda db: events.append(db, [event], now_ms=1))
"""


def test_processes_that_create_and_write_at_once_lose_nothing(database: str) -> None:
    """Six programs start on a database that does not exist; every event is there, numbered."""
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, database, f"writer{n}"]) for n in range(6)
    ]

    assert [process.wait(60) for process in running] == [0] * 6
    with Store.open(database) as store, store.read() as db:
        numbers = [seq for (seq,) in db.execute("SELECT seq FROM raw_events ORDER BY seq")]
        assert numbers == list(range(300))
