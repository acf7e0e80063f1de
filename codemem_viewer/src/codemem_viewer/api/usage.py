"""What was spent."""

from __future__ import annotations

from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from codemem_core.store import activity
from codemem_core.store.engine.store import Store
from codemem_core.store.stats import stats
from codemem_viewer.legacy_json import iso

_TOKENS = ("tokens_read", "tokens_written", "tokens_saved")


@get("/api/usage", sync_to_thread=True)
def spent(store: NamedDependency[Store], project: FromQuery[str] = "") -> dict[str, Any]:
    """Say what was spent by kind of call, of a project and of all."""
    with store.read() as db:
        everywhere = activity.by_event(db)
        of_project = activity.by_event(db, project) if project else None
        packs = activity.recent_packs(db, project or None)
        packs = [pack | {"created_at": iso(pack["created_ms"])} for pack in packs]
        work = {k: v for k, v in stats(db)["usage"]["totals"].items() if k.startswith("work")}
    totals = _totals(everywhere) | work
    filtered = None if of_project is None else _totals(of_project) | work
    return {
        "project": project or None,
        "events": everywhere if of_project is None else of_project,
        "totals": filtered or totals,
        "events_global": everywhere,
        "totals_global": totals,
        "events_filtered": of_project,
        "totals_filtered": filtered,
        "recent_packs": packs,
    }


def _totals(events: list[dict[str, Any]]) -> dict[str, int]:
    sums = {name: sum(event[name] for event in events) for name in _TOKENS}
    return {"events": sum(event["count"] for event in events), **sums}


router = Router("/", route_handlers=[spent], tags=["usage"])
