"""`codemem usage`, `observer test` and `reobserve`, as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.flush.flusher import Flusher
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events, usage
from codemem_core.store.engine.store import Store
from codemem_core.store.usage import Usage
from tests.conftest import EventMaker

RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(database: str) -> Command:
    """Run the program on the test's database; keywords are variables."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "CODEMEM_DB": database, **environ},
            check=False,
        )

    return run


def spend(store: Store, **fields: Any) -> None:
    """Write down a call of today's."""
    known: dict[str, Any] = {"event": "observe", "runtime": "api_http", "model": "gpt-5-mini"}
    known |= {"tokens_read": 1000, "tokens_written": 200, "cost_usd": 0.5}
    spent = Usage(**known | fields)
    store.write(lambda db: usage.record(db, spent, now_ms=time.time_ns() // 1_000_000))


def test_usage_says_what_was_spent_on_what(store: Store, command: Command) -> None:
    """By day, runtime and model, with limits, unknown prices and what fell back."""
    spend(store)
    spend(store, model="qwen3", cost_usd=None, metadata={"estimated": True})
    reason = "the limit on today's tokens is reached"
    spend(store, runtime="extractive", model="extractive-2", metadata={"fell_back": reason})

    shown = command("usage", CODEMEM_OBSERVER_BUDGET_USD_DAY="2").stdout

    assert "0.5000" in shown
    assert "no price is known" in shown
    assert "estimated" in shown
    assert "prices of 2026-" in shown
    assert "$1.0000 of $2.00" in shown
    assert f"answered without a model, 1 times: {reason}" in shown


def test_usage_for_programs(store: Store, command: Command) -> None:
    """The same as JSON; limits that are not set are null."""
    spend(store)

    told = json.loads(command("usage", "--json", CODEMEM_OBSERVER_BUDGET_TOKENS_DAY="9").stdout)

    [day] = told["days"]
    assert (day["calls"], day["tokens_in"], day["tokens_out"]) == (1, 1000, 200)
    assert told["today"] == {"tokens": 1200, "usd": 0.5}
    assert told["limits"] == {
        "tokens_day": 9,
        "tokens_session": None,
        "usd_day": None,
        "usd_session": None,
    }


def test_stats_count_the_observer_too(store: Store, command: Command) -> None:
    """By model, and why there was none."""
    spend(store)
    spend(store, runtime="extractive", metadata={"fell_back": "no credential"})

    told = json.loads(command("stats", "--json").stdout)["usage"]["observer"]

    assert {row["runtime"]: row["calls"] for row in told["by_model"]} == {
        "api_http": 1,
        "extractive": 1,
    }
    assert told["fell_back"] == {"no credential": 1}


def test_the_observer_is_tried_for_real(command: Command) -> None:
    """One call, told and counted."""
    told = json.loads(command("observer", "test", "--runtime", "extractive", "--json").stdout)

    assert (told["runtime"], told["model"], told["auth_source"]) == (
        "extractive",
        "extractive-2",
        "none",
    )
    assert told["observations"] > 0
    assert len(json.loads(command("usage", "--json").stdout)["days"]) == 1


def test_a_trial_that_fails_shows_no_token(command: Command) -> None:
    """It says what failed, in one line and a hint, and nothing steps in."""
    done = command(
        *("observer", "test", "--model", "m"),
        CODEMEM_OBSERVER_BASE_URL="http://127.0.0.1:1/v1",
        CODEMEM_OBSERVER_API_KEY="sk-canary-7f3a",
        NO_PROXY="127.0.0.1",
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert "no answer from `127.0.0.1`" in done.stderr
    assert "canary" not in done.stderr


@pytest.fixture
def flushed(store: Store, make_event: EventMaker) -> Store:
    """Flush a session with `extractive`, and age its memories by a version."""
    batch = [
        make_event(text="Why does test_total fail since yesterday?"),
        make_event(
            "tool_result",
            tool_name="Edit",
            status="ok",
            tool_input={
                "file_path": "/w/total.py",
                "old_string": "return sum(map(round, lines))",
                "new_string": "def total(lines):\n    return round(sum(lines))",
            },
        ),
        make_event("assistant", text="Fixed: total() rounds the sum now, and the test passes."),
    ]
    store.write(lambda db: events.append(db, batch, now_ms=1))
    settings = Settings.load({"CODEMEM_OBSERVER_RUNTIME": "extractive"})
    assert Flusher(store, Plugins.load(settings), settings).flush("claude", "s1").memory_ids
    store.write(lambda db: db.execute("UPDATE memories SET extractor_version = '0.9'"))
    return store


def active(store: Store) -> int:
    """Count the memories in use."""
    with store.read() as db:
        return int(db.execute("SELECT count(*) FROM memories WHERE active = 1").get)


def test_reobserve_says_first_and_does_it_when_told(flushed: Store, command: Command) -> None:
    """A dry run, the run, and a second one that finds nothing left to do."""
    again = ("reobserve", "--runtime", "extractive", "--all-projects")
    before = active(flushed)

    dry = command(*again)
    done = json.loads(command(*again, "--apply", "--json").stdout)
    after = command(*again)

    assert "1 stretches of 3 events" in dry.stdout
    assert "free" in dry.stdout
    assert "nothing was changed" in dry.stdout
    assert done["applied"]["memories"] == active(flushed) == before
    assert "nothing to distil again" in after.stdout
    shown = json.loads(command("show", "1").stdout)
    assert (shown["active"], shown["superseded_by"]) == (False, 2)


def test_reobserve_says_what_a_model_may_cost(flushed: Store, command: Command) -> None:
    """Without asking for a credential, let alone the model."""
    model = ("--runtime", "api_http", "--model", "gpt-5-mini")

    shown = command("reobserve", *model, "--all-projects").stdout

    assert "model gpt-5-mini" in shown
    assert "at most 4,000 out, at most $0.01" in shown


def test_reobserve_without_a_credential_changes_nothing(flushed: Store, command: Command) -> None:
    """It never falls back to `extractive`: that would trade better memories for worse."""
    before = active(flushed)

    done = command("reobserve", "--runtime", "api_http", "--all-projects", "--apply")

    assert done.returncode == 3
    assert "no credential" in done.stderr
    assert active(flushed) == before


def test_home_holds_no_trace_of_a_plan(home: Path, command: Command) -> None:
    """Planning writes no file of its own."""
    command("reobserve")

    assert list(home.iterdir()) == []
