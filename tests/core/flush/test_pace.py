"""Who may compute, and when: one flush at a time, and deliveries before all of them."""

from __future__ import annotations

import threading
from itertools import count

from codemem_core.flush.pace import Pace


def test_one_computes_at_a_time() -> None:
    """Others begin when it is done."""
    pace, inside, most = Pace(), [0], [0]

    def compute() -> None:
        for _ in range(50):
            with pace.turn():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=compute) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]


def test_who_waits_for_a_model_lets_others_compute() -> None:
    """And computes again after that, when it is its turn."""
    pace, done = Pace(), threading.Event()

    def compute() -> None:
        with pace.turn():
            done.set()

    with pace.turn(), pace.given_away():
        other = threading.Thread(target=compute)
        other.start()
        assert done.wait(10)
    other.join()


def test_a_turn_waits_until_nothing_is_taken() -> None:
    """A tenth of a second without a delivery."""
    looks = count()
    pace = Pace(lambda: next(looks) * 0.03)
    pace.note_delivery()

    with pace.turn():
        looked = next(looks)

    assert looked >= 4


def test_constant_load_does_not_keep_a_flush_from_computing() -> None:
    """After two seconds it has its turn."""
    pace = Pace()
    stop = threading.Event()

    def deliver() -> None:
        while not stop.wait(0.01):
            pace.note_delivery()

    thread = threading.Thread(target=deliver)
    thread.start()
    with pace.turn():
        stop.set()
    thread.join()
