"""Usage: what the memory costs and what it holds, over time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from codemem_core.records.memory import KINDS
from codemem_core.store import activity, hook_times
from codemem_core.store.engine.store import Store
from codemem_viewer import charts
from codemem_viewer.negotiate import shown


@get("/api/pages/usage", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    days: Annotated[int, QueryParameter(ge=7, le=365)] = 30,
) -> Response[Any]:
    """Show day by day what observing took, what agents were told, what was remembered."""
    last = date.today()
    first = last - timedelta(days=days - 1)
    since_ms = int(datetime.combine(first, time()).timestamp() * 1000)
    with store.read() as db:
        by_day = {
            "kinds": activity.memories_by_day(db, since_ms=since_ms),
            "projects": activity.memories_by_day(db, since_ms=since_ms, by="project"),
            "told": activity.told_by_day(db, since_ms=since_ms),
            "tokens": activity.spent_by_day(db, since_ms=since_ms),
            "cost": activity.paid_by_day(db, since_ms=since_ms),
        }
        slow = hook_times.by_day(db, since=first.isoformat())
        hooks = hook_times.by_hook(db, since=first.isoformat())
        totals = activity.totals(db, since_ms=since_ms)
        projects = activity.memories_by_project(db)
    every = [row for found in by_day.values() for row in found]
    span = charts.Range.fitting(
        [*every, *((each.name, "", 0) for each in slow)], last=last, days=days
    )
    drawn = {name: charts.stacked(found, span) for name, found in by_day.items()}
    drawn["kinds"] = charts.stacked(by_day["kinds"], span, most=len(KINDS))
    drawn["hooks"] = charts.times(slow, span)
    values = {"days": days, "range": span, "charts": drawn, "projects": projects}
    return shown(request, "usage.html", values | {"totals": totals, "hooks": hooks})


router = Router("/", route_handlers=[page], tags=["pages"])
