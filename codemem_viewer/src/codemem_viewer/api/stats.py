"""Counts."""

from __future__ import annotations

from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency

from codemem_core.capture import spool_files
from codemem_core.config.settings import Settings
from codemem_core.store.engine.store import Store
from codemem_core.store.stats import stats


@get("/api/stats", sync_to_thread=True)
def counts(store: NamedDependency[Store], settings: NamedDependency[Settings]) -> dict[str, Any]:
    """Say what is stored, what it cost, and whether the queue's ledger balances."""
    spooled, refused = spool_files.counts(settings.path("claude_hook_spool_dir"))
    with store.read() as db:
        counts = stats(db, spooled=spooled, refused=refused)
    return {"identity": _ME, **counts}


_ME = {"actor_id": "local", "actor_display_name": "you"}
"""Nothing is shared between people: everything is this user's own."""


router = Router("/", route_handlers=[counts], tags=["stats"])
