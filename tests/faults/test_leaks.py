"""A server that has taken 10,000 events has no more open files, threads or children than before."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("count", [10_000, pytest.param(200_000, marks=pytest.mark.faults)])
def test_many_events_leave_nothing_open(count: int, tmp_path: Path, report: Report) -> None:
    """Files within 2, threads within 1, no child."""
    home = Home(tmp_path)
    server = home.serve()
    post_many(home, 0, 500)
    before = held(server.pid)
    acknowledged = post_many(home, 500, count)
    after = settled(server.pid, before)
    server.terminate()
    server.wait(60)

    report(rounds=count, acked=acknowledged, before=before, after=after)
    assert acknowledged == count
    assert abs(after["fds"] - before["fds"]) <= 2
    assert abs(after["threads"] - before["threads"]) <= 1
    assert after["children"] == 0
