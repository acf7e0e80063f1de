"""The commands around the flush queue, as a person calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from codemem_cli.app import run
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.store import batches, events
from codemem_core.store.batches import Failure
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """Ask the runtime that needs no model, and look at the test's database."""
    monkeypatch.setenv("CODEMEM_DB", database)
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "extractive")


@pytest.fixture
def given_up(store: Store, make_event: EventMaker) -> Store:
    """Store two events whose batch is dead, and one that waits."""
    batch = [make_event(text=f"Fix the parser, step {n}, please") for n in range(2)]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    failure = Failure(kind="permanent", message="bad output")
    for tries in range(3):
        claim = store.write(
            lambda db, tries=tries: batches.claim(
                db, ("claude", "s1"), extractor="x", max_events=9, now_ms=tries * 10**8
            )
        )
        assert claim is not None
        store.write(lambda db, claim=claim: batches.fail(db, claim, failure, now_ms=1))
    store.write(lambda db: events.append(db, [make_event()], now_ms=2))
    return store


def test_status_shows_what_waits_and_what_was_given_up(
    given_up: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documented line, and the reason in a line of its own."""
    run(["raw-events-status"])

    assert capsys.readouterr().out.splitlines() == [
        "- claude:s1 pending=1 max_seq=2 last_flushed=1"
        " batches=started:0 running:0 error:1 completed:0"
        " queue=pending:0 claimed:0 failed:1 done:0 project=demo",
        "! claude:s1 batch 1 given up: events 0 to 1, 3 tries, permanent: bad output",
    ]


def test_status_says_why_a_stream_waits(
    store: Store,
    make_event: EventMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A provider without its model: the real observer is asked, and the batch stays."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "api_http")
    monkeypatch.setenv("CODEMEM_OBSERVER_PROVIDER", "mine")
    monkeypatch.setenv("CODEMEM_OBSERVER_API_KEY", "k")
    code = run(["flush-raw-events", "s1", "--source", "claude"])
    capsys.readouterr()
    run(["raw-events-status"])

    line = capsys.readouterr().out.splitlines()[1]
    assert code == 3
    assert line.startswith("~ claude:s1 batch 1 waits, tried again ")
    assert line.endswith(": 1 tries, settings: observer provider `mine` needs `observer_base_url`")


def test_status_gives_programs_the_dead_batches(
    given_up: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` has what the lines have."""
    run(["raw-events-status", "--json"])

    (dead,) = json.loads(capsys.readouterr().out)["dead"]
    assert (dead["stream_id"], dead["error_kind"], dead["attempts"]) == ("s1", "permanent", 3)


def test_retry_flushes_the_dead_batch_and_nothing_else(
    given_up: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a batch; the event that waits goes on waiting."""
    code = run(["raw-events-retry", "s1", "--source", "claude"])

    assert (code, capsys.readouterr().out) == (0, "Retried batch 1 -> flushed 2 events\n")
    with given_up.read() as db:
        assert batches.dead(db, limit=9) == []
        assert events.totals(db) == (1, 1)


def test_retry_of_what_no_model_can_answer_is_distilled_without_one(
    given_up: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was asked often enough; the memories are marked, and can be made again."""
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "api_http")
    monkeypatch.setenv("CODEMEM_OBSERVER_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("CODEMEM_OBSERVER_MODEL", "m")
    code = run(["raw-events-retry", "s1", "--source", "claude"])

    assert (code, capsys.readouterr().out) == (0, "Retried batch 1 -> flushed 2 events\n")
    with given_up.read() as db:
        assert batches.dead(db, limit=9) == []


def test_a_session_that_does_not_exist_is_an_error(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error is not taken for an empty queue."""
    code = run(["queue", "retry", "nobody"])

    assert (code, "no such session: `nobody`" in capsys.readouterr().err) == (1, True)


def test_ids_are_taken_as_they_are_printed(
    given_up: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the source before them, and without."""
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "extractive")
    first = run(["queue", "retry", "claude:s1"])
    again = run(["queue", "retry", "s"])

    assert (first, again) == (0, 0)
    assert capsys.readouterr().out.endswith("flushed 2 events\nNo error batches\n")


def test_an_empty_flush_says_why(given_up: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is done, and the reason stands beside it."""
    run(["queue", "retry", "claude:s1"])
    run(["queue", "flush", "claude:s1"])
    capsys.readouterr()

    run(["queue", "flush", "claude:s1"])

    assert capsys.readouterr().out == "Flushed 0 events: all of them are memories already\n"


def test_a_flush_takes_what_hooks_left_in_the_spool(
    home: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """They found the database busy; the session is not complete without it."""
    del home, store
    payload = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": "Fix the VAT"}
    Spool.of(Settings.load(dict(os.environ))).write("claude", payload)

    run(["queue", "flush", "claude:s1"])

    assert capsys.readouterr().out == "Flushed 1 events\n"
