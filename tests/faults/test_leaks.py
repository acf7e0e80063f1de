"""A server that has taken 10,000 events has no more open files, threads or children than before."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import Report
from tests.faults.home import Home, raw_event


def held(pid: int) -> dict[str, int]:
    """Count what a process holds."""
    process = Path(f"/proc/{pid}")
    children = [
        entry
        for entry in Path("/proc").glob("[0-9]*/stat")
        if entry.exists() and entry.read_text().rpartition(")")[2].split()[1] == str(pid)
    ]
    return {
        "fds": len(os.listdir(process / "fd")),
        "threads": len(os.listdir(process / "task")),
        "children": len(children),
    }


def settled(pid: int, before: dict[str, int]) -> dict[str, int]:
    """Count again when the last connections are closed, at the latest after 5 s."""
    give_up = time.monotonic() + 5
    while held(pid)["fds"] > before["fds"] and time.monotonic() < give_up:
        time.sleep(0.1)
    return held(pid)


def post_many(home: Home, first: int, count: int) -> int:
    """Post events, four at a time; return how many were acknowledged."""
    with ThreadPoolExecutor(4) as clients:
        numbers = range(first, first + count)
        return sum(clients.map(lambda number: home.post(raw_event(f"n{number}")), numbers))


@dataclass(frozen=True)
class Run:
    """What a server held before and after it took events."""

    acknowledged: int
    before: dict[str, int]
    after: dict[str, int]

    @property
    def leaked(self) -> bool:
        """More than two files, one thread, or any child."""
        grown = {each: abs(self.after[each] - self.before[each]) for each in self.before}
        return grown["fds"] > 2 or grown["threads"] > 1 or self.after["children"] > 0


def run(home: Home, count: int, *, bug: str = "") -> Run:
    """Have a server take 500 events, count, and have it take as many as given."""
    server = home.serve(bug=bug)
    try:
        post_many(home, 0, 500)
        before = held(server.pid)
        acknowledged = post_many(home, 500, count)
        return Run(acknowledged, before, settled(server.pid, before))
    finally:
        server.terminate()
        server.wait(60)


@pytest.mark.parametrize("count", [10_000, pytest.param(200_000, marks=pytest.mark.faults)])
def test_many_events_leave_nothing_open(count: int, tmp_path: Path, report: Report) -> None:
    """Files within 2, threads within 1, no child."""
    found = run(Home(tmp_path), count)

    report(rounds=count, acked=found.acknowledged, before=found.before, after=found.after)
    assert found.acknowledged == count
    assert not found.leaked


@pytest.mark.parametrize("bug", ["a turn that leaves a file", "a turn that leaves a thread"])
def test_the_harness_sees_a_leak(bug: str, tmp_path: Path) -> None:
    """One more at each commit, of which 100 events by four clients make 25 at least."""
    found = run(Home(tmp_path), 100, bug=bug)

    assert found.acknowledged == 100
    assert found.leaked
