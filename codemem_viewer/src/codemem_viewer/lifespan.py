"""What runs as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from codemem_core.capture import note_reader
from codemem_core.errors import CodememError, StoreError
from codemem_core.paths import hook_notes_path
from codemem_core.store.repair.check import Health, check, rebuild_index

if TYPE_CHECKING:
    from codemem_core.store.engine.store import Store

STOP_S = 5.0
"""How long a flush may take to end; one that is cut off is done again by the next server."""
FIRST_LOOK_S = 600.0
SOON_S = 5.0
"""When the first look comes at a database that nobody looked through before the start."""
LOOK_S = 86_400.0
WARM_UP_S = 1.0
"""How long the first requests, most often hooks, have the server to themselves."""
NOTES_S = 1.0
"""How old what hooks noted may be on a page."""
AGAIN_S = 60.0
"""The least pause between two looks: a client that hits the same bad page again and again."""
_log = logging.getLogger("codemem.viewer")


class Working(Protocol):
    """What works in threads of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, timeout_s: float) -> None:
        """Wait at most so long for what it is at."""
        ...


@asynccontextmanager
async def working(*workers: Working) -> AsyncIterator[None]:
    """Let workers work in the background while the block runs."""
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            await asyncio.to_thread(worker.stop, STOP_S)


class WarmUp:
    """Does, a moment after the start, what a route's first request should not wait for."""

    def __init__(self) -> None:
        self.work: list[Callable[[], object]] = []
        """From the routers' `opt["warm_up"]`; imports of large libraries, most often."""
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin."""
        if self.work:
            threading.Thread(target=self._run, name="codemem-warm-up", daemon=True).start()

    def stop(self, timeout_s: float) -> None:
        """Begin nothing more; what runs ends with the process."""
        del timeout_s
        self._stop.set()

    def _run(self) -> None:
        self._stop.wait(WARM_UP_S)
        for work in self.work:
            if self._stop.is_set():
                return
            try:
                work()
            except CodememError as error:
                _log.warning("not warmed up: %s", error)


@asynccontextmanager
async def reading_notes(store: Store) -> AsyncIterator[None]:
    """Take what hooks note of themselves into the database while the block runs."""
    task = asyncio.create_task(_read_notes(store))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _read_notes(store: Store) -> None:
    path = hook_notes_path(store.path)
    while True:
        if os.path.exists(path):  # else nothing for a thread to do
            try:
                await asyncio.to_thread(note_reader.take, store)
            except (StoreError, OSError) as error:
                _log.warning("notes of hooks are lost: %s", error)
        await asyncio.sleep(NOTES_S)


class Watch:
    """Looks through the database once a day, and as soon as SQLite doubts it.

    Damage ends the server: only a process without connections can put another file in its place.
    """

    def __init__(self, store: Store, *, first_look_s: float) -> None:
        self.damage: Health | None = None
        """What made the server end, or None."""
        self._store = store
        self._first_look_s = first_look_s

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look while the block runs."""
        loop, doubted = asyncio.get_running_loop(), asyncio.Event()

        def doubt() -> None:
            loop.call_soon_threadsafe(doubted.set)

        self._store.on_damage = doubt
        task = asyncio.create_task(self._look(doubted))
        try:
            yield
        finally:
            self._store.on_damage = lambda: None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look(self, doubted: asyncio.Event) -> None:
        pause_s = self._first_look_s
        while self.damage is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(doubted.wait(), pause_s)
            pause_s = LOOK_S
            try:
                await self._look_once(thoroughly=doubted.is_set())
            except StoreError as error:
                _log.warning("the database could not be checked: %s", error)
            await asyncio.sleep(AGAIN_S if self.damage is None else 0)
            doubted.clear()

    async def _look_once(self, *, thoroughly: bool) -> None:
        health = await asyncio.to_thread(check, self._store.path, quick=not thoroughly)
        if health.damage:
            _log.error("the database is damaged: `%s`: %s", self._store.path, health.damage[0])
            self.damage = health
            os.kill(os.getpid(), signal.SIGTERM)
        elif not health.index_in_step:
            _log.warning("the search index is out of step and is made anew")
            await asyncio.wrap_future(self._store.submit(rebuild_index))
