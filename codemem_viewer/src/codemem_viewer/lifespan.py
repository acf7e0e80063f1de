"""What runs as long as the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemem_core.ingest.worker import FlushWorker

STOP_S = 5.0
"""How long a flush may take to end; one that is cut off is done again by the next server."""


@asynccontextmanager
async def flushing(worker: FlushWorker) -> AsyncIterator[None]:
    """Flush streams in the background while the block runs."""
    worker.start()
    try:
        yield
    finally:
        await asyncio.to_thread(worker.stop, STOP_S)
