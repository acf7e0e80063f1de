"""Three machines, a server, and whatever happens to them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from team.fleet import Ledger, assert_in_step, settle
from team.homes import Home, Server

HomeMaker = Callable[..., Home]
DAY_MS = 86_400_000
SKEWS = (0, DAY_MS, -DAY_MS)


class Killed:
    """A machine in a process of its own, which is killed again and again."""

    def __init__(self, home: Home, url: str, skew_ms: int) -> None:
        self.home = home
        self._arguments = [home.store.path, url, home.login]
        self._skew_ms = skew_ms
        self._told = Path(home.store.path).with_name("told")
        self.process: subprocess.Popen[str] | None = None

    def start(self, seed: int, steps: int) -> None:
        """Let it work in a new process."""
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, str(Path(__file__).with_name("fleet.py"))]
        more = [str(seed), str(steps), str(self._skew_ms)]
        # Not a pipe: a machine that nobody listens to would wait when it is full.
        with self._told.open("w") as told:
            self.process = subprocess.Popen(
                [*command, *self._arguments, *more], env=environ, stdout=told
            )

    def end(self, ledger: Ledger, *, kill: bool) -> None:
        """Kill it, or wait until it is done, and note what it said."""
        assert self.process is not None
        if kill:
            self.process.send_signal(signal.SIGKILL)
        status = self.process.wait(timeout=1_800)
        assert kill or status == 0
        for line in self._told.read_text().splitlines():
            ledger.read(line)


def rampage(pg: Server, machines: list[Killed], *, rounds: int, steps: int, seed: int) -> Ledger:
    """Let machines work; kill them, and the server in every second round."""
    chance, ledger = random.Random(seed), Ledger()
    for number in range(rounds):
        is_last = number == rounds - 1
        for machine in machines:
            machine.start(chance.randrange(1 << 30), steps)
        if not is_last:
            time.sleep(chance.uniform(1.5, 4))
            if number % 2:
                pg.kill()
                pg.start()
        for machine in machines:
            machine.end(ledger, kill=not is_last)
    return ledger


def fleet(pg: Server, make_home: HomeMaker) -> list[Killed]:
    """Make three machines of three people; one is a day ahead, one a day behind."""
    machines = []
    for login, skew_ms in zip(("alice", "bob", "carol"), SKEWS, strict=True):
        home = make_home(login)
        home.share()
        machines.append(Killed(home, pg.url(login), skew_ms))
    return machines


def test_killed_machines_and_a_killed_server_end_in_step(pg: Server, make_home: HomeMaker) -> None:
    """Nothing is lost, doubled or back."""
    machines = fleet(pg, make_home)

    ledger = rampage(pg, machines, rounds=3, steps=40, seed=1)

    homes = [machine.home for machine in machines]
    settle(homes)
    assert len(ledger.made) > 20
    assert_in_step(pg, homes, ledger)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(3))
def test_many_rounds_end_in_step(pg: Server, make_home: HomeMaker, seed: int) -> None:
    """Thousands of shared memories; as above."""
    machines = fleet(pg, make_home)

    ledger = rampage(pg, machines, rounds=8, steps=1_500, seed=seed)

    homes = [machine.home for machine in machines]
    settle(homes)
    assert len(ledger.made) > 1_000
    assert_in_step(pg, homes, ledger)


@pytest.mark.faults
def test_ten_thousand_memories_end_in_step(pg: Server, make_home: HomeMaker) -> None:
    """As above, until three machines have made so many."""
    machines = fleet(pg, make_home)

    ledger = rampage(pg, machines, rounds=4, steps=6_400, seed=7)

    homes = [machine.home for machine in machines]
    settle(homes)
    assert len(ledger.made) > 10_000
    assert_in_step(pg, homes, ledger)
