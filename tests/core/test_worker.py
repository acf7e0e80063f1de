"""The worker: due streams are flushed, trouble stays where it is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from codemem_core import builtin
from codemem_core.errors import TransientError
from codemem_core.ingest.worker import FlushWorker
from codemem_core.plugins import Plugins
from codemem_core.records.protocols import ObserveRequest
from codemem_core.settings import Settings
from codemem_core.store import events, memories
from codemem_core.store.store import Store
from codemem_core.testing import Answer, ScriptedObserver, observer_plugin
from tests.conftest import EventMaker

FOUND = json.dumps(
    {"observations": [{"type": "change", "title": "Found", "narrative": "It changed."}]}
)


def make_worker(store: Store, answer: Answer, *, idle_ms: int) -> FlushWorker:
    """Make a worker with the idle policy and a scripted observer."""
    environ = {
        "CODEMEM_OBSERVER_RUNTIME": "scripted",
        "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": str(idle_ms),
    }
    settings = Settings.load(environ)
    modules = (builtin, observer_plugin(ScriptedObserver(answer)))
    return FlushWorker(store, Plugins.only(*modules, settings=settings), settings)


def wait_until(look: Callable[[], bool]) -> bool:
    """Look for at most ten seconds."""
    deadline = time.monotonic() + 10
    while not look() and time.monotonic() < deadline:
        time.sleep(0.01)
    return look()


def titles(store: Store) -> list[str]:
    """Return the titles of all memories."""
    with store.read() as db:
        return [memory.title for memory in memories.recent(db, limit=50)]


def now_ms() -> int:
    """Return epoch milliseconds."""
    return time.time_ns() // 1_000_000


def test_what_waited_before_the_start_is_flushed(store: Store, make_event: EventMaker) -> None:
    """A stream that went quiet while no server ran is due at once."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=1))
    worker = make_worker(store, FOUND, idle_ms=1000)

    worker.start()

    assert wait_until(lambda: titles(store) == ["Found"])
    worker.stop(5)


def test_a_busy_stream_is_left_alone(store: Store, make_event: EventMaker) -> None:
    """Not idle long enough, and no other policy wants it."""
    store.write(lambda db: events.append(db, [make_event()], now_ms=now_ms()))
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
