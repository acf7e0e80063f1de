"""Many processes write at once: nobody is told `busy`, and every acknowledgement is a row."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.faults.audit import audit, event
from tests.faults.conftest import Report
from tests.faults.mutants import planted

ROOT = Path(__file__).parents[2]


def write_many(database: str, name: str, commits: str, bug: str) -> None:
    """Commit so many times, looking before writing as a claim does; print what came of it."""
    told: dict[str, Any] = {"acked": [], "refused": 0, "ms": []}
    with planted(bug), Store.open(database) as store:
        for number in range(int(commits)):
            one = event(f"{name}-{number}", stream=name)
            started = time.perf_counter()
            try:
                store.write(lambda db, one=one: _look_and_append(db, one))
            except StoreError:
                told["refused"] += 1
            else:
                told["acked"].append(one.event_id)
                told["ms"].append(1000 * (time.perf_counter() - started))
    sys.stdout.write(json.dumps(told))


def _look_and_append(db: Any, one: Any) -> events.Appended:
    events.totals(db)
    return events.append(db, [one], now_ms=1)


def run_writers(
    database: str, *, processes: int, commits: int, bug: str = ""
) -> list[dict[str, Any]]:
    """Run the processes side by side and return what each was told."""
    Store.open(database).close()
    code = "import sys; from tests.faults.test_writers import write_many; write_many(*sys.argv[1:])"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, database, f"w{n}", str(commits), bug],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(processes)
    ]
    return [json.loads(process.communicate(timeout=1800)[0]) for process in running]


@pytest.mark.parametrize(
    ("processes", "commits"), [(16, 500), pytest.param(48, 2_000, marks=pytest.mark.faults)]
)
def test_many_writers_are_never_told_busy(
    processes: int, commits: int, database: str, report: Report
) -> None:
    """16 processes of 500 commits each: rows = acknowledgements = what was asked for."""
    told = run_writers(database, processes=processes, commits=commits)
    found = audit(database, [text for each in told for text in each["acked"]])
    refused = sum(each["refused"] for each in told)
    times = sorted(ms for each in told for ms in each["ms"])
    p50, p99 = (round(times[int(len(times) * part)], 2) for part in (0.5, 0.99))

    report(rounds=processes * commits, busy=refused, p50_ms=p50, p99_ms=p99, **asdict(found))
    assert refused == 0
    assert found.good
    assert found.acked == processes * commits


def test_the_writers_harness_sees_a_deferred_transaction(database: str) -> None:
    """A read that turns into a write is told `busy` at once."""
    told = run_writers(database, processes=4, commits=100, bug="begin deferred")

    assert sum(each["refused"] for each in told) > 0
