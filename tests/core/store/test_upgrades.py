"""A database of version 1.0.0 is upgraded: quick steps, and the rows in batches afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

import codemem_claude.plugin
from codemem_core.capture import backfill
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent
from codemem_core.store import upgrades
from codemem_core.store.engine.connection import APPLICATION_ID, rows
from codemem_core.store.engine.migrate import OldSchema
from codemem_core.store.engine.schema import steps
from codemem_core.store.engine.store import Store

PLUGINS = Plugins.only(codemem_claude.plugin, settings=Settings.load({}))
DAY_MS = 86_400_000
NOW_MS = 1_780_000_000_000


def old_payload(number: int) -> str:
    """Return a tool event as version 1.0.0 stored it."""
    event = AdapterEvent(
        source="claude",
        session_id="s1",
        event_id=f"event-{number:08}",
        event_type="tool_result",
        ts="2026-11-22T08:00:00Z",
        payload={
            "tool_name": "Read",
            "status": "ok",
            "tool_input": {"file_path": f"/w/{number}.py"},
            "tool_output": "x",
        },
    )
    return json.dumps({"type": "claude.hook", "_adapter": event.to_json()})


def old_database(path: Path, events: int) -> str:
    """Make a database of version 1.0.0 with so many events."""
    path.parent.mkdir(mode=0o700)
    db = apsw.Connection(str(path))
    rows(db, steps()[1])
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    db.execute("INSERT INTO streams (id, source, stream_id) VALUES (1, 'claude', 's1')")
    values = ((n, f"event-{n:08}", NOW_MS, old_payload(n)) for n in range(events))
    with db:
        db.executemany(
            """INSERT INTO raw_events
                   (stream, seq, event_id, event_type, kind, origin, ts_ms, received_ms, payload)
               VALUES (1, ?, ?, 'claude.hook', 'tool_result', 'tool_repo', ?, 1780000000000, ?)""",
            values,
        )
    db.close()
    return str(path)


def kinds(store: Store) -> dict[str | None, int]:
    """Return how many events have which kind of tool."""
    query = """SELECT json_extract(payload, '$._adapter.payload.kind'), count(*)
                 FROM raw_events GROUP BY 1"""
    with store.read() as db:
        return dict(rows(db, query))


def test_who_has_no_time_refuses_an_old_schema_and_leaves_it(tmp_path: Path) -> None:
    """A hook keeps its payload in the spool instead."""
    path = old_database(tmp_path / "d" / "mem.sqlite", 1)

    with pytest.raises(OldSchema):
        Store.open(path, upgrade=False)

    db = apsw.Connection(path)
    assert db.execute("PRAGMA user_version").get == 1
    db.close()


def test_rows_are_completed_in_batches_that_may_be_broken_off(tmp_path: Path) -> None:
    """The next server goes on where the last one stopped; nothing is lost or done twice."""
    count = 2 * upgrades.BATCH + 10
    path = old_database(tmp_path / "d" / "mem.sqlite", count)

    with Store.open(path) as store:
        assert kinds(store) == {None: count}
        assert backfill.fill(store, PLUGINS)
        assert kinds(store) == {"read": upgrades.BATCH, None: count - upgrades.BATCH}
    with Store.open(path) as store:
        with store.read() as db:
            assert upgrades.left(db) == count - upgrades.BATCH
        while backfill.fill(store, PLUGINS):
            pass
        assert kinds(store) == {"read": count}
        with store.read() as db:
            assert upgrades.left(db) == 0


def test_what_an_old_server_stored_meanwhile_is_completed_by_the_next(tmp_path: Path) -> None:
    """It still runs while a command has changed the schema already."""
    path = old_database(tmp_path / "d" / "mem.sqlite", 1)
    insert = """INSERT INTO raw_events
                    (stream, seq, event_id, event_type, kind, origin, received_ms, payload)
                VALUES (1, 1, 'late', 'claude.hook', 'tool_result', 'tool_repo', 1, ?)"""
    with Store.open(path) as store:
        while backfill.fill(store, PLUGINS):
            pass
        store.write(lambda db: db.execute(insert, (old_payload(1),)))

        backfill.begin(store)
        while backfill.fill(store, PLUGINS):
            pass

        assert kinds(store) == {"read": 2}


def test_times_in_the_future_are_mended(tmp_path: Path) -> None:
    """A clock in microseconds put its events in front of all others."""
    path = old_database(tmp_path / "d" / "mem.sqlite", 1)
    with Store.open(path) as store:
        store.write(lambda db: db.execute("UPDATE raw_events SET ts_ms = 1000 * ts_ms"))
        store.write(
            lambda db: db.execute("UPDATE streams SET last_event_ms = 1000 * 1780000000000")
        )

        backfill.begin(store)
        while backfill.fill(store, PLUGINS):
            pass

        with store.read() as db:
            assert db.execute("SELECT ts_ms FROM raw_events").get == NOW_MS
            assert db.execute("SELECT last_event_ms FROM streams").get == 0
