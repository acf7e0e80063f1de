"""How long 50 pending streams of 200 events take to become memories: `python benchmarks/drain.py`.

The observer takes 200 ms a call. A second run adds a call that never ends. One stream at a time
would take 10 s; the target is 3 s. `--json` prints the figures for programs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

from codemem_core.config.settings import Settings
from codemem_core.flush.worker import FlushWorker
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.protocols import ObserveRequest
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin

STREAMS = 50
EVENTS = 200
CALL_S = 0.2
ANSWER = json.dumps({"observations": [{"type": "change", "title": "Done", "narrative": "It is."}]})


def main() -> None:
    """Run both cases several times and print the medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measure(rounds=chosen.rounds)
    if chosen.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, seconds in figures.items():
        print(f"{name:<14} {seconds:6.2f}")  # noqa: T201


def measure(*, rounds: int) -> dict[str, float]:
    """Return the medians, in seconds, with every call answered and with one that hangs."""
    return {
        "all_answer_s": _median(rounds, hang=False),
        "one_hangs_s": _median(rounds, hang=True),
    }


def _median(rounds: int, *, hang: bool) -> float:
    return round(statistics.median(drain(hang=hang) for _ in range(rounds)), 2)


def drain(*, hang: bool) -> float:
    """Return the seconds from the start of a worker to the last memory that can come."""
    released = threading.Event()

    def answer(request: ObserveRequest) -> str:
        if hang and request.evidence.stream_id == "stream-0":
            released.wait()
        time.sleep(CALL_S)
        return ANSWER

    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(str(Path(folder) / "mem.sqlite"), threaded=True) as store,
    ):
        # A spool of its own: the worker would empty the user's.
        environ = {"CODEMEM_OBSERVER_RUNTIME": "scripted", "CODEMEM_CLAUDE_HOOK_SPOOL_DIR": folder}
        settings = Settings.load(environ)
        observer = observer_plugin(ScriptedObserver(answer))
        plugins = Plugins.only(builtin, observer, settings=settings)
        for n in range(STREAMS):
            batch = [_event(f"stream-{n}", seq) for seq in range(EVENTS)]
            store.write(lambda db, batch=batch: events.append(db, batch, now_ms=1))
        worker = FlushWorker(store, plugins, settings)
        began = time.perf_counter()
        worker.start()
        wanted = STREAMS - hang
        while _visible(store) < wanted:
            time.sleep(0.01)
        took = time.perf_counter() - began
        released.set()
        worker.stop(5)
    return took


def _visible(store: Store) -> int:
    """Count completed batches; their memories, all alike, may have become one."""
    with store.read() as db:
        return int(db.execute("SELECT count(*) FROM batches WHERE state = 'completed'").get)


def _event(stream_id: str, seq: int) -> RawEvent:
    """Return one event of an ordinary session: every tenth a prompt, the others commands."""
    prompt = {"text": f"please do step {seq} of the work on the invoices"}
    tool = {
        "tool_name": "Bash",
        "status": "ok",
        "tool_input": {"command": f"pytest tests/test_{seq}.py"},
        "tool_output": "1 passed in 0.02s\n" * 20,
    }
    adapter = AdapterEvent(
        source="claude",
        session_id=stream_id,
        event_id=f"{stream_id}-{seq:06}",
        event_type="tool_result" if seq % 10 else "prompt",
        ts="2026-11-22T08:00:00Z",
        payload=tool if seq % 10 else prompt,
    )
    return RawEvent(
        source="claude",
        stream_id=stream_id,
        event_id=adapter.event_id,
        event_type="claude.hook",
        payload={},
        adapter=adapter,
        ts_ms=adapter.ts_ms,
    )


if __name__ == "__main__":
    main()
