"""Review: what waits for a person's decision."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from codemem_core.config.settings import Settings
from codemem_core.store import proposals, sessions
from codemem_core.store.engine.store import Store

SHOWN = 100


def review(store: Store, _: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """Show what is proposed, newest first, of one project or of all."""
    project, now_ms = query.get("project", ""), time.time_ns() // 1_000_000
    with store.read() as db:
        found = proposals.waiting(db, now_ms=now_ms, project=project or None, limit=SHOWN)
        return {
            "projects": sessions.projects(db),
            "project": project,
            "proposals": found,
            "waiting": proposals.count(db, now_ms=now_ms, project=project or None),
            "lapses_days": proposals.LAPSES_MS // 86_400_000,
        }
