"""Take events and come back when they are on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import apsw

from codemem_core.ingest.accept import Intake
from codemem_core.ingest.worker import FlushWorker
from codemem_core.records.events import RawEvent
from codemem_core.store import events
from codemem_core.store.store import Store

T = TypeVar("T")
SMALL_BYTES = 8_192
"""About 0.5 ms of work."""


@dataclass(frozen=True, slots=True)
class Receiving:
    """All that a route needs to take events.

    One object: Litestar gives several to a route by a task group, which costs a fifth of a request.
    """

    store: Store
    intake: Intake
    worker: FlushWorker

    @staticmethod
    async def read(work: Callable[[], T], body: bytes) -> T:
        """Do what takes time in proportion to the body, without holding up other requests.

        In a thread, unless the body is so small that going there takes longer (0.1 ms).
        """
        return work() if len(body) <= SMALL_BYTES else await asyncio.to_thread(work)

    async def append(self, received: Sequence[RawEvent]) -> events.Appended:
        """Store what is not there yet; returns after the COMMIT that holds it.

        Requests that arrive together share a COMMIT. One that is cancelled meanwhile is stored all
        the same: its client asks again and is told of a duplicate.
        """
        now_ms = _now_ms()
        committed = self.store.submit(lambda db: events.append(db, received, now_ms=now_ms))
        appended = await asyncio.shield(asyncio.wrap_future(committed))
        self.worker.notify()
        return appended

    def reject(self, enter: Callable[[apsw.Connection, int], None]) -> None:
        """Enter a refused delivery in the ledger (connection, epoch ms); nobody waits for it."""
        now_ms = _now_ms()
        self.store.submit(lambda db: enter(db, now_ms))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
