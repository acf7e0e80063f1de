"""Counts."""

from __future__ import annotations

from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency

from codemem_core.ingest import spool_files
from codemem_core.settings import Settings
from codemem_core.store.stats import stats
from codemem_core.store.store import Store


@get("/api/stats", sync_to_thread=True)
def counts(store: NamedDependency[Store], settings: NamedDependency[Settings]) -> dict[str, Any]:
    """Say what is stored, what it cost, and whether the queue's ledger balances."""
    spooled, refused = spool_files.counts(settings.path("claude_hook_spool_dir"))
    with store.read() as db:
        return stats(db, spooled=spooled, refused=refused)


router = Router("/", route_handlers=[counts], tags=["stats"])
