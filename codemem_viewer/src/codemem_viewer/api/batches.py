"""Batches that did not become memories: try them again, or give them up."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from codemem_core.flush.worker import FlushWorker
from codemem_core.records.event import StreamKey
from codemem_core.store import batches, health
from codemem_core.store.engine.store import Store

Id = Annotated[int, PathParameter(ge=1, le=(1 << 63) - 1)]


@get("/api/batches", sync_to_thread=True)
def unfinished(
    store: NamedDependency[Store], limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50
) -> dict[str, Any]:
    """List batches that are not completed, the latest changed first."""
    with store.read() as db:
        return {"items": health.open_batches(db, limit=limit)}


@post("/api/batches/{batch:int}/retry", status_code=200)
async def retry(
    batch: Id, store: NamedDependency[Store], worker: NamedDependency[FlushWorker]
) -> Response[dict[str, Any]]:
    """Flush a failed or given-up batch again; 409 when it is neither."""
    key = await asyncio.to_thread(_failed_stream, store, batch)
    if key is None:
        return _refused(batch)
    worker.retry(key, batch)
    return Response({"said": "Trying again"}, status_code=200)


@post("/api/batches/{batch:int}/bury", status_code=200)
async def bury(batch: Id, store: NamedDependency[Store]) -> Response[dict[str, Any]]:
    """Give a failed batch up and go on with what came after; 409 when it is not a failed one."""
    now_ms = time.time_ns() // 1_000_000
    change = store.submit(lambda db: health.bury(db, batch, now_ms=now_ms))
    if not await asyncio.shield(asyncio.wrap_future(change)):
        return _refused(batch)
    return Response({"said": "Given up; its events are kept"}, status_code=200)


def _failed_stream(store: Store, batch: int) -> StreamKey | None:
    with store.read() as db:
        return batches.failed_stream(db, batch)


def _refused(batch: int) -> Response[dict[str, Any]]:
    return Response({"error": f"batch {batch} is not a failed one"}, status_code=409)


router = Router("/", route_handlers=[unfinished, retry, bury], tags=["events"])
