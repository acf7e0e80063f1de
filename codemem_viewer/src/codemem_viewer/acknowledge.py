"""Store events and come back when they are on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from codemem_core.records.events import RawEvent
from codemem_core.store import events
from codemem_core.store.store import Store

T = TypeVar("T")
SMALL_BYTES = 8_192
"""About 0.5 ms of work."""


async def append(store: Store, received: Sequence[RawEvent]) -> events.Appended:
    """Store what is not there yet; returns after the COMMIT that holds it.

    Requests that arrive together share a COMMIT. One that is cancelled meanwhile is stored all the
    same: its client asks again and is told of a duplicate.
    """
    at_ms = now_ms()
    committed = store.submit(lambda db: events.append(db, received, now_ms=at_ms))
    return await asyncio.shield(asyncio.wrap_future(committed))


async def read(work: Callable[[], T], body: bytes) -> T:
    """Do what takes time in proportion to the body, without holding up other requests.

    In a thread, unless the body is so small that going there takes longer than the work (0.1 ms).
    """
    return work() if len(body) <= SMALL_BYTES else await asyncio.to_thread(work)


def now_ms() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000
