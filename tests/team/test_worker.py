"""The worker of the server pushes and pulls by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from team.homes import Home, Server

from codemem_team.worker import TeamWorker

HomeMaker = Callable[..., Home]


@contextmanager
def working(home: Home) -> Iterator[TeamWorker]:
    """Let a home's worker work, looking often."""
    worker, stop = TeamWorker(home.settings), threading.Event()
    worker.poll_s = 0.2
    thread = threading.Thread(target=worker.run, args=(home.store, stop))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join()


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until something holds."""
    give_up_at = time.monotonic() + 60
    while not holds() and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return holds()


def test_a_memory_travels_by_itself(make_home: HomeMaker) -> None:
    """Nobody types anything."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    with working(alice), working(bob):
        alice.remember("Exports round VAT once per rate")

        assert eventually(lambda: bob.titles() == ["Exports round VAT once per rate"])


def test_it_says_that_the_server_is_away_and_catches_up(pg: Server, make_home: HomeMaker) -> None:
    """Memories are made meanwhile as ever."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    with working(alice) as worker:
        pg.kill()
        try:
            assert eventually(lambda: not all(each.ok for each in worker.health()))
            alice.remember("Exports round VAT once per rate")
            problem = alice.member().problem
        finally:
            pg.start()

        assert problem.startswith("the team's server: ")
        assert eventually(lambda: all(each.ok for each in worker.health()))
        assert eventually(lambda: pg.count() == 1)
    bob.sync()
    assert bob.titles() == ["Exports round VAT once per rate"]
