"""Take events and come back when they are on disk."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from codemem_core import tracing
from codemem_core.capture.delivery import Parcel
from codemem_core.capture.intake import Intake
from codemem_core.capture.receive import refuse
from codemem_core.errors import InputError
from codemem_core.flush.worker import FlushWorker
from codemem_core.records.event import RawEvent
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_viewer.decode import json_object

T = TypeVar("T")
SMALL_BYTES = 65_536
"""About 2 ms of work. A thread keeps the interpreter for up to 5 ms at a time, so going there for
less frees nobody and takes 0.1 ms."""


class Committed:
    """Brings what the writer's thread has committed back to the event loop.

    A group wakes the loop once. A wake-up for each of its changes, as `asyncio.wrap_future` does
    it, costs the writer the interpreter each time while others wait for it.
    """

    def __init__(self) -> None:
        self._done: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._woken = False

    async def result(self, change: Future[T]) -> T:
        """Return what a change came to; whoever is cancelled meanwhile leaves the change alone."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()

        def done(change: Future[T]) -> None:
            self._done.append((change, waiting))
            if not self._woken and not loop.is_closed():
                self._woken = True
                loop.call_soon_threadsafe(self._tell)

        change.add_done_callback(done)
        return await waiting

    def _tell(self) -> None:
        self._woken = False  # first: what is committed from now on wakes again
        while self._done:
            change, waiting = self._done.popleft()
            if waiting.done():
                continue
            if problem := change.exception():
                waiting.set_exception(problem)
            else:
                waiting.set_result(change.result())


@dataclass(frozen=True, slots=True)
class Receiving:
    """All that a route needs to take events.

    One object: Litestar gives several to a route by a task group, which costs a fifth of a request.
    """

    store: Store
    intake: Intake
    worker: FlushWorker
    _committed: Committed = field(default_factory=Committed)

    async def receive(self, body: bytes, *, source: str | None = None) -> events.Appended:
        """Do what `capture.receive.receive` does: of a hook of `source`, or of raw events.

        Large bodies are read in a thread, and so is the host's own record. Requests that arrive
        together share a COMMIT. One that is cancelled meanwhile is stored all the same: its client
        asks again and is told of a duplicate.
        """
        now_ms = time.time_ns() // 1_000_000
        parcel = Parcel(payload=None, source=source)
        try:
            parcel = replace(parcel, payload=json_object(body), text=body.decode())
            found = await self._read(parcel, large=len(body) > SMALL_BYTES)
        except InputError:
            refused = parcel
            self.store.submit(lambda db: refuse(db, refused, self.intake.naming, now_ms=now_ms))
            raise
        if not found:
            return events.Appended(0, 0)
        with tracing.span("codemem.store", stream=found[0].key) as told:
            appended = await self._committed.result(
                self.store.submit(lambda db: events.append(db, found, now_ms=now_ms))
            )
            told.set(codemem__events=len(found), codemem__stored=appended.inserted)
        self.worker.notify()
        return appended

    async def _read(self, parcel: Parcel, *, large: bool) -> list[RawEvent]:
        if large:
            return await asyncio.to_thread(self.intake.read, parcel, self.store)
        found = self.intake.parse(parcel)
        if any(map(self.intake.may_have_gaps, found)):
            return await asyncio.to_thread(self.intake.with_gaps, parcel, found, self.store)
        return found
