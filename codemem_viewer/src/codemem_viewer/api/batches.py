"""Batches that did not become memories: try them again, or give them up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any

import apsw
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from codemem_core.ingest.worker import FlushWorker
from codemem_core.store import health
from codemem_core.store.store import Store

Id = Annotated[int, PathParameter(ge=1, le=(1 << 63) - 1)]
Change = Callable[[apsw.Connection, int], bool]


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
    """Try a failed batch now; 409 when it is not a failed one."""
    answer = await _change(store, batch, lambda db, now: health.retry_now(db, batch, now_ms=now))
    worker.notify()
    return answer or Response({"said": "Trying again"}, status_code=200)


@post("/api/batches/{batch:int}/bury", status_code=200)
async def bury(batch: Id, store: NamedDependency[Store]) -> Response[dict[str, Any]]:
    """Give a failed batch up and go on with what came after; 409 when it is not a failed one."""
    answer = await _change(store, batch, lambda db, now: health.bury(db, batch, now_ms=now))
    return answer or Response({"said": "Given up; its events are kept"}, status_code=200)


async def _change(store: Store, batch: int, change: Change) -> Response[dict[str, Any]] | None:
    """Change a batch; return the answer when that could not be."""
    now_ms = time.time_ns() // 1_000_000
    done = await asyncio.shield(asyncio.wrap_future(store.submit(lambda db: change(db, now_ms))))
    if done:
        return None
    return Response({"error": f"batch {batch} is not a failed one"}, status_code=409)


router = Router("/", route_handlers=[unfinished, retry, bury], tags=["events"])
