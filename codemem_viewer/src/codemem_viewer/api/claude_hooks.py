"""Claude Code's hooks, as Claude Code sends them."""

from __future__ import annotations

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.errors import InputError
from codemem_core.ingest.accept import Intake
from codemem_core.ingest.worker import FlushWorker
from codemem_core.store import ledger
from codemem_core.store.store import Store
from codemem_viewer.acknowledge import append, now_ms, read
from codemem_viewer.decode import json_object


@post("/api/claude-hooks", status_code=200)
async def receive(
    body: RawBody,
    store: NamedDependency[Store],
    intake: NamedDependency[Intake],
    worker: NamedDependency[FlushWorker],
) -> dict[str, int]:
    """Store one hook payload; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk.
    """
    try:
        event = await read(lambda: intake.hook("claude", json_object(body)), body)
    except InputError:
        store.submit(lambda db: ledger.count(db, "claude", rejected=1, now_ms=now_ms()))
        raise
    if event is None:
        return {"inserted": 0, "skipped": 1}
    appended = await append(store, [event])
    worker.notify()
    return {"inserted": appended.inserted, "skipped": 0}


router = Router("/", route_handlers=[receive], tags=["events"])
