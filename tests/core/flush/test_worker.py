"""The worker: due streams are flushed, trouble stays where it is."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable

import apsw

from codemem_core.config.settings import Settings
from codemem_core.errors import PermanentError, TransientError
from codemem_core.flush.flusher import wall_ms
from codemem_core.flush.worker import FlushWorker
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import ObserveRequest
from codemem_core.store import batches, events, memories
from codemem_core.store.batches import Claim, Failure
from codemem_core.store.engine.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin
from codemem_core.testing.fakes import Answer
from tests.conftest import EventMaker

FOUND = json.dumps(
    {"observations": [{"type": "change", "title": "Found", "narrative": "It changed."}]}
)


def make_worker(
    store: Store,
    answer: Answer,
    *,
    idle_ms: int,
    beat_s: float = 5.0,
    clock: Callable[[], int] = wall_ms,
    **more: str,
) -> FlushWorker:
    """Make a worker with the core's policies, a scripted observer and settings of the queue."""
    environ = {
        "CODEMEM_OBSERVER_RUNTIME": "scripted",
        "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": str(idle_ms),
        **{f"CODEMEM_RAW_EVENTS_{name}": value for name, value in more.items()},
    }
    settings = Settings.load(environ)
    modules = (builtin, observer_plugin(ScriptedObserver(answer)))
    plugins = Plugins.only(*modules, settings=settings)
    return FlushWorker(store, plugins, settings, beat_s=beat_s, now_ms=clock)


def wait_until(look: Callable[[], bool]) -> bool:
    """Look for at most ten seconds."""
    deadline = time.monotonic() + 10
    while not look() and time.monotonic() < deadline:
        time.sleep(0.01)
    return look()


def titles(store: Store) -> list[str]:
    """Return the title of each memory, once for every time that it was told."""
    with store.read() as db:
        found = memories.recent(db, limit=50)
    return [memory.title for memory in found for _ in range(memory.support)]


def claim_first(db: apsw.Connection, now_ms: int) -> Claim:
    """Take all that waits of the first stream."""
    claim = batches.claim(db, ("claude", "s1"), extractor="x", max_events=0, now_ms=now_ms)
    assert claim is not None
    return claim


def test_what_waited_before_the_start_is_flushed(store: Store, make_event: EventMaker) -> None:
    """A stream that went quiet while no server ran is due at once."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))
    worker = make_worker(store, FOUND, idle_ms=1000)

    worker.start()

    assert wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)


def test_a_wrong_setting_keeps_the_events_until_it_is_mended(
    store: Store, make_event: EventMaker
) -> None:
    """However often it was tried, nothing is given up; the next start tries at once."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))
    wrong = Failure(kind="settings", message="no `observer_model`", retry_after_ms=3_600_000)
    for tries in range(30):
        now_ms = wall_ms() - 10**9 * (29 - tries)
        claim = store.write(lambda db, now_ms=now_ms: claim_first(db, now_ms))
        store.write(lambda db, c=claim, now_ms=now_ms: batches.fail(db, c, wrong, now_ms=now_ms))
    worker = make_worker(store, FOUND, idle_ms=0)

    worker.start()

    assert wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)


def test_a_busy_stream_is_left_alone(store: Store, make_event: EventMaker) -> None:
    """Not idle long enough, and no other policy wants it."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=wall_ms()))
    worker = make_worker(store, FOUND, idle_ms=600_000)
    worker.start()

    time.sleep(0.3)

    worker.stop(5)
    assert titles(store) == []


def test_one_streams_failure_does_not_delay_another(store: Store, make_event: EventMaker) -> None:
    """While one observer call hangs and another raises, the third stream is flushed."""
    released = threading.Event()

    def answer(request: ObserveRequest) -> str:
        if request.evidence.stream_id == "hangs":
            released.wait(10)
        if request.evidence.stream_id == "raises":
            raise ZeroDivisionError
        if request.evidence.stream_id == "fails":
            raise TransientError("no")
        return FOUND

    for stream in ("hangs", "raises", "fails", "works"):
        event = make_event(stream_id=stream)
        store.write(lambda db, e=event: events.append(db, [e], now_ms=1))
    worker = make_worker(store, answer, idle_ms=0)
    worker.start()

    assert wait_until(lambda: titles(store) == ["Found"])
    released.set()
    assert wait_until(lambda: titles(store) == ["Found", "Found"])
    worker.stop(5)


def test_stopping_leaves_no_thread(store: Store) -> None:
    """Start and stop is clean however often it is done."""
    before = threading.active_count()
    for _ in range(3):
        worker = make_worker(store, FOUND, idle_ms=0)
        worker.start()
        worker.stop(5)

    assert wait_until(lambda: threading.active_count() == before)


def fill(store: Store, make_event: EventMaker, streams: int, *, received_ms: int = 1) -> None:
    """Put an event into each of so many streams."""
    for n in range(streams):
        event = make_event(stream_id=f"s{n}")
        store.write(lambda db, e=event, n=n: events.append(db, [e], now_ms=received_ms + n))


def test_fifty_streams_are_flushed_though_one_call_never_ends(
    store: Store, make_event: EventMaker
) -> None:
    """More streams than places and than one sweep takes on: all but the one get theirs."""
    fill(store, make_event, 50)
    released = threading.Event()

    def answer(request: ObserveRequest) -> str:
        if request.evidence.stream_id == "s0":
            released.wait(60)
        return FOUND

    worker = make_worker(store, answer, idle_ms=0, SWEEPER_LIMIT="10")
    worker.start()

    assert wait_until(lambda: len(titles(store)) == 49)
    released.set()
    assert wait_until(lambda: len(titles(store)) == 50)
    worker.stop(5)


def test_calls_that_hang_give_up_their_places(store: Store, make_event: EventMaker) -> None:
    """With every place taken by a call that never ends, the limit frees them."""
    fill(store, make_event, 12)
    released = threading.Event()

    def answer(request: ObserveRequest) -> str:
        if int(request.evidence.stream_id[1:]) < 8:
            released.wait(60)
        return FOUND

    worker = make_worker(store, answer, idle_ms=0, beat_s=0.05, STUCK_BATCH_MS="200")
    worker.start()

    assert wait_until(lambda: len(titles(store)) == 4)
    released.set()
    worker.stop(5)


def test_a_sweep_takes_on_so_many_idle_sessions_longest_quiet_first(
    store: Store, make_event: EventMaker
) -> None:
    """A session that has just ended need not wait behind hundreds of old ones."""
    fill(store, make_event, 4)
    asked: list[str] = []
    released = threading.Event()

    def answer(request: ObserveRequest) -> str:
        asked.append(request.evidence.stream_id)
        released.wait(60)
        return FOUND

    worker = make_worker(store, answer, idle_ms=0, SWEEPER_LIMIT="2")
    worker.start()
    wait_until(lambda: len(asked) == 2)

    assert sorted(asked) == ["s0", "s1"]
    released.set()
    assert wait_until(lambda: len(titles(store)) == 4)
    worker.stop(5)


def test_debounce_fires_without_any_sweep_or_event(store: Store, make_event: EventMaker) -> None:
    """The worker sleeps exactly until the policy wants to be asked again."""
    fill(store, make_event, 1, received_ms=wall_ms())
    worker = make_worker(
        store,
        FOUND,
        idle_ms=600_000,
        AUTO_FLUSH="1",
        DEBOUNCE_MS="700",
        SWEEPER_INTERVAL_MS="600000",
    )
    worker.start()

    assert wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)


def test_what_a_stopped_worker_did_not_finish_is_given_back(
    store: Store, make_event: EventMaker
) -> None:
    """The next one takes it up at once, and the late answer is refused."""
    fill(store, make_event, 1)
    before = threading.active_count()
    asked, released = threading.Event(), threading.Event()

    def answer(_: ObserveRequest) -> str:
        asked.set()
        released.wait(60)
        return FOUND

    worker = make_worker(store, answer, idle_ms=0)
    worker.start()
    asked.wait(10)
    worker.stop(0.1)
    with store.read() as db:
        left = db.execute("SELECT state, attempts, lease_owner FROM batches, streams").fetchone()
    released.set()

    assert left == ("pending", 0, None)
    assert wait_until(lambda: threading.active_count() == before)
    assert titles(store) == []


def test_old_flushed_events_are_deleted(store: Store, make_event: EventMaker) -> None:
    """By the worker, when the user set a retention; the memory stays."""
    fill(store, make_event, 1)
    worker = make_worker(store, FOUND, idle_ms=0)
    worker.start()
    wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)
    again = make_worker(store, FOUND, idle_ms=0, RETENTION_MS="1000")
    again.start()

    def left() -> int:
        with store.read() as db:
            return int(db.execute("SELECT count(*) FROM raw_events").get)

    assert wait_until(lambda: left() == 0)
    assert titles(store) == ["Found"]
    again.stop(5)


def test_a_clock_that_jumps_loses_and_doubles_nothing(store: Store, make_event: EventMaker) -> None:
    """A day forwards or back, 1970, 2106: every session comes once, none is deleted early."""
    times = (1_780_000_000_000, 1_780_086_400_000, 1_779_913_600_000, 0, 4_294_967_296_000)
    events_seen: list[int] = []

    def answer(request: ObserveRequest) -> str:
        events_seen.append(len(request.evidence.items))
        return FOUND

    for n in range(20):
        batch = [make_event(stream_id=f"s{n}") for _ in range(5)]
        at = random.choice(times)
        store.write(lambda db, b=batch, at=at: events.append(db, b, now_ms=at))
    worker = make_worker(
        store,
        answer,
        idle_ms=60_000,
        clock=lambda: random.choice(times),
        RETENTION_MS="1",
        SWEEPER_INTERVAL_MS="1000",
    )
    worker.start()

    assert wait_until(lambda: len(titles(store)) == 20)
    worker.stop(5)
    assert events_seen == [5] * 20


def test_a_batch_that_was_given_up_is_tried_again_when_a_person_asks(
    store: Store, make_event: EventMaker
) -> None:
    """At once, although the observer failed so often that nobody would ask it for 30 s."""
    works = False

    def answer(_: ObserveRequest) -> str:
        if not works:
            raise PermanentError("no such model")
        return FOUND

    store.write(lambda db: events.append(db, [make_event()], now_ms=1))
    worker = make_worker(store, answer, idle_ms=600_000)
    flusher = worker._flusher
    report = flusher.flush("claude", "s1")
    for _ in range(2):
        list(flusher.retry("claude", "s1", limit=1))
    works = True
    worker.start()

    with store.read() as db:
        [dead] = batches.dead(db, limit=5)
    worker.retry(("claude", "s1"), dead.batch)

    assert report.failure
    assert wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)
    with store.read() as db:
        assert batches.dead(db, limit=5) == []
