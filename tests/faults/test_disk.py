"""The disk is full or fails: no acknowledgement without durability, and recovery without help."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import apsw
import pytest

from codemem_core.errors import StoreError
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.faults.audit import Verdict, audit, event
from tests.faults.conftest import Report
from tests.faults.mutants import planted
from tests.faults.vfs import BadDisk, as_default

FAILURES = [
    (error, for_good) for error in (apsw.FullError, apsw.IOError) for for_good in (False, True)
]


@dataclass
class Run:
    """What a writer on a bad disk was told."""

    acknowledged: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    recovered: bool = False


def write_on(disk: BadDisk, database: str, *, threaded: bool) -> Run:
    """Write ten events, each again until it is taken; repair the disk after the fifth refusal."""
    run = Run()
    with as_default(disk, BadDisk.NAME):
        while not run.recovered:
            try:
                store = Store.open(database, threaded=threaded)
            except StoreError as error:
                _refused(error, disk, run)
                continue
            _write_all(store, disk, run)
            # SQLite keeps quiet about a last checkpoint that fails; a VFS in Python cannot.
            with suppress(apsw.FullError, apsw.IOError):
                store.close()
    return run


def _write_all(store: Store, disk: BadDisk, run: Run) -> None:
    while len(run.acknowledged) < 10:
        one = event(f"e{len(run.acknowledged)}", size=3_000)
        try:
            store.write(lambda db, one=one: events.append(db, [one], now_ms=1))
        except StoreError as error:
            _refused(error, disk, run)
        else:
            run.acknowledged.append(one.event_id)
    run.recovered = True


def _refused(error: StoreError, disk: BadDisk, run: Run) -> None:
    run.refusals.append(str(error))
    if len(run.refusals) >= 5:
        disk.repair()
    assert len(run.refusals) < 20, run.refusals


def every_failure(folder: Path, *, step: int) -> Iterator[tuple[BadDisk, Run, Verdict]]:
    """Fail each `step`-th write and sync, in every way, until a run needs no further one."""
    for number, (error, for_good) in enumerate(FAILURES):
        for fail_at in range(1 + number % step, 10_000, step):
            disk = BadDisk(fail_at, error, for_good=for_good)
            database = str(folder / "mem.sqlite")
            run = write_on(disk, database, threaded=fail_at % 2 == 1)
            yield disk, run, audit(database, run.acknowledged)
            shutil.rmtree(folder)
            if disk.count < fail_at:
                break


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.faults)])
def test_a_failing_disk_makes_no_false_promise(step: int, tmp_path: Path, report: Report) -> None:
    """Whichever write or sync fails: what was acknowledged is stored, the rest was refused."""
    rounds, total, refusals = 0, Verdict(), set()
    for _, run, found in every_failure(tmp_path / "data", step=step):
        rounds += 1
        total += found
        refusals |= {reason.split(":")[0] for reason in run.refusals}

    report(rounds=rounds, **asdict(total))
    assert total.good
    assert refusals == {"the disk failed or is full"}


@pytest.mark.parametrize("bug", ["acknowledge a failed commit", "roll back blindly"])
def test_the_disk_harness_sees(bug: str, tmp_path: Path) -> None:
    """It goes red on an acknowledged failure, and on a refusal that hides its reason."""
    with planted(bug):
        ran = [(run, found) for _, run, found in every_failure(tmp_path / "data", step=7)]

    lost = sum(found.lost for _, found in ran)
    wrong = [reason for run, _ in ran for reason in run.refusals if "disk" not in reason]
    assert lost or wrong
