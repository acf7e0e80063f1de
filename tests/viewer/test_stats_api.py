"""Counts over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions, stats
from codemem_core.store.store import Store

from pathlib import Path


def test_ledger_balances(home: Any, event: Callable[..., dict[str, Any]]) -> None:
    """What was received is what was stored and what was there already."""
    home.start()
    with home.unix() as api:
        for _ in range(2):
            api.post("/api/raw-events", json={"events": [event("s", n) for n in range(3)]})
        found = api.get("/api/stats").json()

    assert found["ledger"] == {
        "opencode": {"received": 6, "stored": 3, "duplicate": 3, "rejected": 0}
    }
    assert found["database"]["raw_events"] == 3
    assert found["database"]["path"] == str(home.db)
    assert found["reliability"]["counts"]["skipped_duplicate"] == 3
    assert found["reliability"]["rates"]["dropped_event_rate"] == 0.0
