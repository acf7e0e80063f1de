"""The power fails: what was acknowledged is there after the restart, and the file is sound."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.faults.audit import Verdict, audit, event
from tests.faults.conftest import Report
from tests.faults.mutants import planted
from tests.faults.vfs import Tape, as_default, cuts, put

IMAGES = [200, pytest.param(5_000, marks=pytest.mark.faults)]


def recorded(database: str) -> Tape:
    """Write through checkpoints, a close and a new start, and return the tape of it."""
    tape = Tape()
    with as_default(tape, Tape.NAME):
        for run in range(4):
            with Store.open(database, threaded=run % 2 == 1) as store:
                for number in range(120):
                    # Now and then a large one: many pages in one commit, and soon a checkpoint.
                    size = 120_000 if number % 20 == 7 else 500
                    one = event(f"{run}-{number}", stream=f"s{number % 3}", size=size)
                    store.write(lambda db, one=one: events.append(db, [one], now_ms=1))
                    tape.acknowledge(one.event_id)
    return tape


def cut_often(tape: Tape, folder: Path, *, images: int) -> Verdict:
    """Cut the power in many places and add the verdicts up."""
    total = Verdict()
    for files, acknowledged in cuts(tape, count=images, seed=1):
        put(folder, files)
        total += audit(str(folder / "mem.sqlite"), acknowledged)
        shutil.rmtree(folder)
    return total


@pytest.mark.parametrize("images", IMAGES)
def test_acknowledged_events_survive_a_power_cut(
    images: int, database: str, tmp_path: Path, report: Report
) -> None:
    """Whatever of the unsynced sectors arrived: nothing acknowledged is missing."""
    found = cut_often(recorded(database), tmp_path / "image", images=images)

    report(rounds=images, **asdict(found))
    assert found.good
    assert found.acked > images


def test_the_power_harness_sees_commits_that_are_not_synced(database: str, tmp_path: Path) -> None:
    """With `synchronous = NORMAL` it finds acknowledged events missing."""
    with planted("sync at checkpoints only"):
        tape = recorded(database)
    found = cut_often(tape, tmp_path / "image", images=20)

    assert found.lost > 0
