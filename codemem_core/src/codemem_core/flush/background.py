"""Runs the workers that plugins offer, each in a thread of its own, while the server runs."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from codemem_core.errors import CodememError
from codemem_core.records.protocols import Check

if TYPE_CHECKING:
    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.seams import BackgroundWorker
    from codemem_core.store.engine.store import Store

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0


class Worker(Protocol):
    """Works in a thread of its own as long as the server runs."""

    def run(self, store: Store, stop: threading.Event) -> None:
        """Work until `stop` is set; then return within five seconds.

        Wait with `stop.wait(seconds)`. Never hold a transaction while waiting for a network. One
        that raises or returns early is started again after a pause that grows to five minutes.
        """
        ...

    def health(self) -> Sequence[Check]:
        """Say how it goes; called from other threads, and answers at once."""
        ...


class Background:
    """The workers of all plugins: started together, stopped together."""

    def __init__(self, store: Store, plugins: Plugins) -> None:
        self._store = store
        self._plugins = plugins
        self._stop = threading.Event()
        self._made: dict[str, Worker] = {}
        self._problems: dict[str, str] = {}
        self._threads = [
            threading.Thread(
                target=partial(self._run, record), name=f"codemem-{record.name}", daemon=True
            )
            for record in plugins.background_workers().values()
        ]

    def start(self) -> None:
        """Start each worker."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ask all to stop and wait; one that does not ends with the process."""
        self._stop.set()
        give_up_at = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))

    def health(self) -> list[Check]:
        """Return how each worker says it goes, and which of them failed."""
        found = [Check(ok=False, text=f"{name}: {why}") for name, why in self._problems.items()]
        for name, worker in self._made.items():
            record = self._plugins.background_workers()[name]
            try:
                found += self._plugins.call(record, partial(_said, worker))
            except CodememError as error:
                found.append(Check(ok=False, text=str(error)))
        return found

    def _run(self, record: BackgroundWorker) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._work(record)
                self._problems.pop(record.name, None)
            except CodememError as error:
                self._problems[record.name] = str(error)
                log.warning("worker `%s` failed: %s", record.name, error)
            if time.monotonic() - began > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S  # it had been well
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _work(self, record: BackgroundWorker) -> None:
        worker = cast("Worker", self._plugins.make(record))
        self._made[record.name] = worker
        self._plugins.call(record, lambda: worker.run(self._store, self._stop), limit_s=math.inf)


def _said(worker: Worker) -> Sequence[Check]:
    return list(worker.health())
