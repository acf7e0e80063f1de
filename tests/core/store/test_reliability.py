"""The reliability gate and its figures."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from codemem_cli.app import run
from codemem_core.store import batches, events
from codemem_core.store.engine.store import Store
from codemem_core.store.reliability import reliability
from tests.conftest import EventMaker


@pytest.fixture
def flushed(store: Store, make_event: EventMaker, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Store a session of two events, flushed just now."""
    monkeypatch.setenv("CODEMEM_DB", store.path)
    now_ms = int(time.time() * 1000)
    batch = [replace(make_event(), started_at="2026-11-22T08:00:00Z") for _ in range(2)]
    store.write(lambda db: events.append(db, batch, now_ms=now_ms))
    claim = store.write(
        lambda db: batches.claim(db, ("claude", "s1"), extractor="x", max_events=9, now_ms=now_ms)
    )
    assert claim is not None
    store.write(lambda db: batches.finish(db, claim, now_ms=now_ms))
    return store


def test_the_gate_passes_when_all_is_well(
    flushed: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """One documented line of figures, then the verdict."""
    code = run(["raw-events-gate"])

    assert (code, capsys.readouterr().out.splitlines()) == (
        0,
        [
            "reliability gate: flush_success_rate=1.0000, dropped_event_rate=0.0000,"
            " session_boundary_accuracy=1.0000, retry_depth_max=0, eligible_events=2,"
            " terminal_batches=1, sessions_with_events=1, window_hours=24.00",
            "reliability gate passed",
        ],
    )


def test_the_gate_names_every_broken_limit(
    flushed: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dropped events and too few of them: two lines, exit code 1."""
    flushed.write(lambda db: db.execute("UPDATE ledger SET rejected = 2"))
    code = run(["raw-events-gate", "--min-events", "5"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines[1:] == [
        "reliability gate failed",
        "- eligible_events 4 is below 5",
        "- dropped_event_rate 0.5000 is above 0.0500",
    ]


def test_only_the_window_counts(flushed: Store) -> None:
    """Yesterday's failure does not fail today's gate."""
    flushed.write(lambda db: db.execute("UPDATE batches SET state = 'dead', updated_ms = 1"))

    with flushed.read() as db:
        assert reliability(db, since_ms=2)["rates"]["flush_success_rate"] == 1.0
        assert reliability(db)["rates"]["flush_success_rate"] == 0.0
