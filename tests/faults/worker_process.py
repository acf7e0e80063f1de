"""A flush worker in a process of its own: `python worker_process.py DATABASE MODE [MUTANT]`.

The observer's answers cannot be mistaken for one another: each call finds one to four things and
puts its own id and their number into every title. MODE says what else it does: `answer` at once,
`chaos` now and then (late, failing, killing its process), or wait until the file MODE exists and
then find four: more than `answer` ever does, so what comes too late cannot hide behind its keys.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import uuid
from pathlib import Path

from codemem_core.config.settings import Settings
from codemem_core.errors import TransientError
from codemem_core.flush.worker import FlushWorker
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import ObserveRequest
from codemem_core.store import batches
from codemem_core.store.engine.store import Store
from codemem_core.testing import ScriptedObserver, observer_plugin

_LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
BEAT_S = 0.2
ENVIRON = {
    "CODEMEM_OBSERVER_RUNTIME": "scripted",
    "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": "0",
    "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_MS": "1000",
    "CODEMEM_RAW_EVENTS_WORKER_MAX_EVENTS": "5",
}


def observer(mode: str) -> ScriptedObserver:
    """Return the observer of a mode."""

    def answer(_: ObserveRequest) -> str:
        if mode == "answer":
            return _found(random.randint(1, 3))
        if mode == "chaos":
            _misbehave()
            return _found(random.randint(1, 4))
        while not Path(mode).exists():
            time.sleep(0.01)
        return _found(4)

    return ScriptedObserver(answer)


def _misbehave() -> None:
    time.sleep(random.uniform(0, 0.05))
    luck = random.random()
    if luck < 0.03:
        os.kill(os.getpid(), signal.SIGKILL)
    if luck < 0.1:
        raise TransientError("no answer")


def _found(count: int) -> str:
    # A word: what looks like a commit's hash would not tell two statements apart.
    call = uuid.uuid4().hex[:12].translate(_LETTERS)
    found = [
        {"type": "change", "title": f"{call} {count} {n}", "narrative": "It changed."}
        for n in range(count)
    ]
    return json.dumps({"observations": found})


def without_fence() -> None:
    """Plant the bug: a result counts whoever has the stream by now."""

    def give_back(db: object, claim: batches.Claim) -> None:
        db.execute("UPDATE streams SET lease_owner = NULL WHERE id = ?", (claim.stream,))  # type: ignore[attr-defined]

    batches._give_back = give_back


def main(database: str, mode: str, mutant: str = "") -> None:
    """Flush until the process is stopped."""
    if mutant == "without_fence":
        without_fence()
    settings = Settings.load(ENVIRON)
    plugins = Plugins.only(builtin, observer_plugin(observer(mode)), settings=settings)
    with Store.open(database, threaded=True) as store:
        worker = FlushWorker(store, plugins, settings, beat_s=BEAT_S)
        worker.start()
        print("ready", flush=True)  # noqa: T201
        signal.sigwait({signal.SIGTERM})
        worker.stop(5)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(*sys.argv[1:])
