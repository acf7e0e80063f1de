"""Store events and come back when they are on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from codemem_core.records.events import RawEvent
from codemem_core.store import events
from codemem_core.store.store import Store


async def append(store: Store, received: Sequence[RawEvent]) -> events.Appended:
    """Store what is not there yet; returns after the COMMIT that holds it.

    Requests that arrive together share a COMMIT. One that is cancelled meanwhile is stored all the
    same: its client asks again and is told of a duplicate.
    """
    at_ms = now_ms()
    committed = store.submit(lambda db: events.append(db, received, now_ms=at_ms))
    return await asyncio.shield(asyncio.wrap_future(committed))


def now_ms() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000
