"""Counts over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codemem_core.store.engine.store import Store
from codemem_core.store.stats import stats


def test_ledger_balances(machine: Any, event: Callable[..., dict[str, Any]]) -> None:
    """What was received is what was stored and what was there already."""
    machine.start()
    with machine.unix() as api:
        for _ in range(2):
            api.post("/api/raw-events", json={"events": [event("s", n) for n in range(3)]})
        found = api.get("/api/stats").json()

    assert found["ledger"]["balanced"]
    assert found["ledger"]["sources"] == {
        "opencode": {
            "received": 6, "stored": 3, "duplicate": 3, "rejected": 0, "spooled": 0, "dead": 0
        }
    }  # fmt: skip
    assert found["database"]["raw_events"] == 3
    assert found["database"]["path"] == str(machine.db)
    assert found["reliability"]["counts"]["skipped_duplicate"] == 3
    assert found["reliability"]["rates"]["dropped_event_rate"] == 0.0


def test_what_the_server_refuses_is_rejected(
    machine: Any, event: Callable[..., dict[str, Any]]
) -> None:
    """By the source it names, each event of it; a hook that says nothing counts nowhere."""
    machine.start()
    with machine.unix() as api:
        sent = [
            api.post("/api/raw-events", json={"source": "x", "events": [{}, {}]}),
            api.post("/api/raw-events", content=b"{", headers={"content-type": "application/json"}),
            api.post("/api/claude-hooks", json={"hook_event_name": 7}),
            api.post("/api/claude-hooks", json={"hook_event_name": "Nothing", "session_id": "s"}),
        ]
        # Its COMMIT comes after those of the entries above, for which nobody waits.
        api.post("/api/raw-events", json=event("s", 1))
        found = api.get("/api/stats").json()["ledger"]

    assert [answer.status_code for answer in sent] == [400, 400, 400, 200]
    assert found["balanced"]
    assert {name: counts["rejected"] for name, counts in found["sources"].items()} == {
        "claude": 1, "opencode": 1, "x": 2
    }  # fmt: skip


def test_empty_database_has_counts(store: Store) -> None:
    """Nothing divides by nothing."""
    with store.read() as db:
        found = stats(db)

    assert found["ledger"] == {"balanced": True, "differences": [], "sources": {}, "days": []}
    assert found["usage"]["totals"]["work_investment_tokens"] == 0
    assert found["reliability"]["rates"] == {
        "flush_success_rate": 1.0,
        "dropped_event_rate": 0.0,
        "session_boundary_accuracy": 1.0,
    }


def test_shared_cost_counts_once(store: Store) -> None:
    """Memories that came out of one observation share what it cost."""
    rows = [("a", '{"discovery_tokens": 70, "discovery_group": "g"}')]
    rows += [("b", '{"discovery_tokens": 90, "discovery_group": "g"}')]
    rows += [("c", '{"discovery_tokens": 5}'), ("d", "{}")]
    add = """INSERT INTO memories (key, session_id, kind, title, body, origin, created_ms,
                                   updated_ms, metadata)
             VALUES (?, 1, 'change', '', '', 'user', 1, 1, ?)"""

    store.write(lambda db: db.execute("INSERT INTO sessions (started_ms) VALUES (1)"))
    store.write(lambda db: db.executemany(add, rows))
    with store.read() as db:
        totals = stats(db)["usage"]["totals"]

    assert totals["work_investment_tokens"] == 95
    assert totals["work_investment_tokens_sum"] == 165
