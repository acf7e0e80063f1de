"""The ledger: every event handed over is somewhere, and a missing one raises the alarm."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from codemem_core.capture import spool_files
from codemem_core.capture.spool import Spool, SpoolFull
from codemem_core.records.event import RawEvent
from codemem_core.store import batches, events, ledger
from codemem_core.store.batches import Failure
from codemem_core.store.engine.store import Store
from codemem_core.store.ledger import Difference, Entry

EventMaker = Callable[..., RawEvent]
NOW_MS = 1_780_000_000_000
DAY = "2026-05-28"


def read(store: Store, **spool: Any) -> tuple[list[Entry], list[Difference]]:
    """Return the ledger and what is wrong with it."""
    with store.read() as db:
        entries = ledger.entries(db, **spool)
        return entries, ledger.differences(db, entries)


def kill_a_batch(store: Store) -> None:
    """Let the first stream's batch fail until it is given up: three times for a permanent error."""
    for attempt in range(3):
        store.write(partial(fail_once, now_ms=NOW_MS + attempt * 10**9))


def fail_once(db: apsw.Connection, *, now_ms: int) -> None:
    """Claim two events and fail."""
    claim = batches.claim(db, ("claude", "s1"), extractor="x", max_events=2, now_ms=now_ms)
    assert claim is not None
    batches.fail(db, claim, Failure(kind="permanent", message="no"), now_ms=now_ms)


def test_a_delivery_is_stored_or_a_duplicate(store: Store, make_event: EventMaker) -> None:
    """Counted in the transaction that stores it."""
    delivery = [make_event() for _ in range(3)]
    for _ in range(2):
        store.write(lambda db: events.append(db, delivery, now_ms=NOW_MS))

    assert read(store) == ([Entry(DAY, "claude", received=6, stored=3, duplicate=3)], [])


def test_dead_events_are_no_longer_stored_until_they_are_replayed(
    store: Store, make_event: EventMaker
) -> None:
    """They are counted where they lie, on the day they came."""
    store.write(lambda db: events.append(db, [make_event() for _ in range(3)], now_ms=NOW_MS))
    kill_a_batch(store)
    given_up = read(store)
    store.write(lambda db: db.execute("UPDATE batches SET state = 'pending'"))

    assert given_up == ([Entry(DAY, "claude", received=3, stored=1, dead=2)], [])
    assert read(store) == ([Entry(DAY, "claude", received=3, stored=3)], [])


def test_the_spool_counts_until_it_is_drained(tmp_path: Path, store: Store) -> None:
    """What waits is spooled; what it could not keep, or use, is rejected."""
    spool = Spool(str(tmp_path / "spool"), max_files=1, max_bytes=10_000)
    spool.write("claude", {"hook_event_name": "Stop", "session_id": "s"})
    with pytest.raises(SpoolFull):
        spool.write("claude", {"hook_event_name": "Stop", "session_id": "s"})
    spooled, refused = spool_files.counts(spool.path)
    [entry], wrong = read(store, spooled=spooled, refused=refused)

    assert (entry.received, entry.spooled, entry.rejected, wrong) == (2, 1, 1, [])


@pytest.mark.parametrize(
    ("bug", "problem", "count"),
    [
        ("UPDATE ledger SET received = received + 1", "received, but nowhere", 1),
        ("DELETE FROM ledger", "stored by the ledger, but in no stream", -3),
        ("UPDATE ledger SET stored=2, duplicate=1", "stored by the ledger, but in no stream", -1),
        ("DELETE FROM raw_events WHERE seq = 1", "numbered and not yet flushed, but gone", 1),
    ],
)  # fmt: skip
def test_a_difference_is_an_alarm(
    store: Store, make_event: EventMaker, bug: str, problem: str, count: int
) -> None:
    """Whichever side forgets an event."""
    store.write(lambda db: events.append(db, [make_event() for _ in range(3)], now_ms=NOW_MS))
    store.write(lambda db: db.execute(bug))
    _, wrong = read(store)

    assert [(each.problem, each.events) for each in wrong] == [(problem, count)]


def test_retention_is_no_difference(store: Store, make_event: EventMaker) -> None:
    """Events that were flushed may go."""
    store.write(lambda db: events.append(db, [make_event() for _ in range(3)], now_ms=NOW_MS))
    store.write(lambda db: db.execute("UPDATE streams SET last_flushed_seq = 2"))
    store.write(lambda db: db.execute("DELETE FROM raw_events"))

    assert read(store)[1] == []


def codemem(database: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program."""
    command = [sys.executable, "-m", "codemem_cli", *arguments, "--db-path", database]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_what_the_command_line_refuses_is_rejected(database: str) -> None:
    """All events of a refused delivery are; the source is the one it names."""
    refused = {"source": "claude", "events": [{"event_type": "x"}, {"event_type": "y"}]}

    assert codemem(database, "enqueue-raw-event", stdin=json.dumps(refused)).returncode == 2
    found = json.loads(codemem(database, "stats", "--json").stdout)["ledger"]
    assert found["balanced"]
    assert (found["sources"]["claude"]["received"], found["sources"]["claude"]["rejected"]) == (
        2,
        2,
    )
