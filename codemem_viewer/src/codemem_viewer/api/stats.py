"""Counts."""

from __future__ import annotations

from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency

from codemem_core.store.stats import stats
from codemem_core.store.store import Store


@get("/api/stats", sync_to_thread=True)
def counts(store: NamedDependency[Store]) -> dict[str, Any]:
    """Say what is stored, what it cost, and whether the queue's ledger balances."""
    with store.read() as db:
        return stats(db)


router = Router("/", route_handlers=[counts], tags=["stats"])
