"""Worker processes that stop, die and get in each other's way: every memory comes exactly once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker

SCRIPT = Path(__file__).with_name("worker_process.py")
STREAMS = 8
"""As many as one worker flushes at once."""


@contextmanager
def worker(database: str, mode: str, mutant: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a worker process until the block ends."""
    command = [sys.executable, str(SCRIPT), database, mode, *([mutant] if mutant else [])]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def wait_until(look: Callable[[], bool], limit_s: float = 60) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def fill(store: Store, make_event: EventMaker, *, streams: int, count: int) -> None:
    """Put prompts into streams s0, s1, …, every event twice."""
    for n in range(streams):
        batch = [make_event(stream_id=f"s{n}") for _ in range(count)]
        for _ in range(2):
            store.write(lambda db, batch=batch: events.append(db, batch, now_ms=1))


def count(store: Store, query: str) -> int:
    """Return the number a query gives."""
    with store.read() as db:
        return int(db.execute(query).get)


RUNNING = "SELECT count(*) FROM batches WHERE state = 'claimed'"
WAITING = "SELECT count(*) FROM streams WHERE last_flushed_seq < last_received_seq"


def wrong_batches(store: Store) -> list[str]:
    """Return what is wrong: batches whose memories are not those of exactly one call."""
    calls = defaultdict(list)
    with store.read() as db:
        for batch, title in db.execute("SELECT batch, title FROM memories").fetchall():
            calls[batch].append(title.split())
        done = db.execute("SELECT id FROM batches WHERE state = 'completed'").fetchall()
    wrong = [f"batch {batch} has no memories" for (batch,) in done if batch not in calls]
    for batch, found in calls.items():
        ids = {call for call, _, _ in found}
        wanted = {(ids_count, str(n)) for _, ids_count, _ in found for n in range(int(ids_count))}
        if len(ids) > 1 or {(of, n) for _, of, n in found} != wanted or len(found) != len(wanted):
            wrong.append(f"batch {batch} is made of {len(ids)} calls")
    return wrong


def stop_and_continue(
    store: Store, make_event: EventMaker, gate: Path, mutant: str = ""
) -> list[str]:
    """Stop a worker in the middle of its calls, let another finish, let the first go on."""
    fill(store, make_event, streams=STREAMS, count=3)
    with worker(store.path, str(gate), mutant) as zombie:
        wait_until(lambda: count(store, RUNNING) == STREAMS)
        zombie.send_signal(signal.SIGSTOP)
        with worker(store.path, "answer"):
            wait_until(lambda: count(store, WAITING) == 0)
        gate.touch()
        zombie.send_signal(signal.SIGCONT)
        zombie.send_signal(signal.SIGTERM)
        zombie.wait(30)
    return wrong_batches(store)


@pytest.mark.parametrize(
    "round_", [*range(3), *(pytest.param(n, marks=pytest.mark.faults) for n in range(3, 20))]
)
def test_a_stopped_workers_streams_are_taken_over_and_its_results_refused(
    store: Store, make_event: EventMaker, tmp_path: Path, round_: int
) -> None:
    """The process exists, its heart does not beat; what it brings later is thrown away."""
    assert stop_and_continue(store, make_event, tmp_path / "gate") == []
    assert count(store, "SELECT max(attempts) FROM batches") == 2


def test_results_of_a_lost_lease_are_noticed(
    store: Store, make_event: EventMaker, tmp_path: Path
) -> None:
    """With a worker that drops the fence the check above fails: it does look."""
    assert stop_and_continue(store, make_event, tmp_path / "gate", "without_fence") != []


def test_a_slow_workers_streams_are_left_to_it(
    store: Store, make_event: EventMaker, tmp_path: Path
) -> None:
    """However long its calls take: its heart beats."""
    gate = tmp_path / "gate"
    fill(store, make_event, streams=STREAMS, count=3)
    with worker(store.path, str(gate)), worker(store.path, "answer"):
        beat = "SELECT min(lease_beat) FROM streams WHERE lease_owner IS NOT NULL"
        wait_until(lambda: count(store, RUNNING) == STREAMS)
        wait_until(lambda: count(store, beat) >= 10)
        gate.touch()
        wait_until(lambda: count(store, WAITING) == 0)

    assert wrong_batches(store) == []
    assert count(store, "SELECT max(attempts) FROM batches") == 1


def test_a_killed_workers_streams_are_taken_over(
    store: Store, make_event: EventMaker, tmp_path: Path
) -> None:
    """`kill -9` in the middle of the calls: the next worker need not even wait for a beat."""
    fill(store, make_event, streams=STREAMS, count=3)
    with worker(store.path, str(tmp_path / "never")) as victim:
        wait_until(lambda: count(store, RUNNING) == STREAMS)
        victim.kill()
        victim.wait()
        with worker(store.path, "answer"):
            wait_until(lambda: count(store, WAITING) == 0)

    assert wrong_batches(store) == []
    assert count(store, "SELECT count(*) FROM batches") == STREAMS


def chaos(store: Store, make_event: EventMaker, *, streams: int) -> None:
    """Let four workers fail, die, stop and start until nothing waits."""
    fill(store, make_event, streams=streams, count=20)
    with ExitStack() as processes:
        crew = [processes.enter_context(worker(store.path, "chaos")) for _ in range(4)]

        def step() -> bool:
            for n, child in enumerate(crew):
                if child.poll() is not None:
                    crew[n] = processes.enter_context(worker(store.path, "chaos"))
            unlucky = random.choice(crew)
            unlucky.send_signal(signal.SIGSTOP)
            time.sleep(random.uniform(0, 1.5))
            unlucky.send_signal(signal.SIGCONT)
            # What would take hours: pauses are over, and a person replays what was given up.
            store.write(lambda db: db.execute("UPDATE batches SET retry_ms = 0, strikes = 0"))
            return count(store, WAITING) == 0

        wait_until(step, limit_s=300)


def test_four_workers_in_chaos_write_every_memory_once(
    store: Store, make_event: EventMaker
) -> None:
    """Late, failing and killing observers, stopped processes, repeated events."""
    chaos(store, make_event, streams=12)

    assert wrong_batches(store) == []
    assert count(store, "SELECT count(*) FROM batches WHERE state <> 'completed'") == 0
    assert count(store, "SELECT sum(end_seq - start_seq + 1) FROM batches") == 12 * 20


@pytest.mark.faults
def test_four_workers_in_chaos_write_every_memory_once_at_length(
    store: Store, make_event: EventMaker
) -> None:
    """The same with 300 streams."""
    chaos(store, make_event, streams=300)

    assert wrong_batches(store) == []
    assert count(store, "SELECT sum(end_seq - start_seq + 1) FROM batches") == 300 * 20
