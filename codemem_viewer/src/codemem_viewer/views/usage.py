"""Usage: what the memory costs and what it holds, over time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from codemem_core.store import activity
from codemem_core.store.stats import stats
from codemem_core.store.store import Store
from codemem_viewer import charts
from codemem_viewer.shown import shown


@get("/api/pages/usage", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    days: Annotated[int, QueryParameter(ge=7, le=365)] = 30,
) -> Response[Any]:
    """Show tokens spent and memories written day by day, and the largest projects."""
    last = date.today()
    first = datetime.combine(last - timedelta(days=days - 1), time())
    since_ms = int(first.timestamp() * 1000)
    with store.read() as db:
        spent = activity.spent_by_day(db, since_ms=since_ms)
        written = activity.memories_by_day(db, since_ms=since_ms)
        projects = activity.memories_by_project(db)
        totals = stats(db)["usage"]["totals"]
        calls = activity.by_event(db)
    values = {
        "days": days,
        "charts": {
            "tokens": charts.by_day(spent, last=last, days=days),
            "memories": charts.by_day(written, last=last, days=days),
        },
        "size": {"width": charts.WIDTH, "height": charts.HEIGHT},
        "projects": projects,
        "totals": totals,
        "calls": calls,
    }
    return shown(request, "usage.html", values)


router = Router("/", route_handlers=[page], tags=["pages"])
