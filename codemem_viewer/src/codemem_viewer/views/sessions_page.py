"""Sessions: which there were, and what happened in one of them."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

import apsw
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from codemem_core.errors import NotFound
from codemem_core.store import injections, memories, sessions, timeline
from codemem_core.store.engine.store import Store
from codemem_core.store.stories import stories
from codemem_viewer import text
from codemem_viewer.negotiate import shown
from codemem_viewer.paging import mark, place
from codemem_viewer.story import folded, in_a_line
from codemem_viewer.timeline import entries

PAGE = 50
EVENTS = 300
"""Events of a session that one page shows."""
_LARGEST = (1 << 63) - 1


@get("/api/pages/sessions", sync_to_thread=True)
def listing(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    project: FromQuery[str] = "",
    after: Annotated[str, QueryParameter(description="`next` of the page before")] = "",
) -> Response[Any]:
    """Show a page of sessions, newest first."""
    with store.read() as db:
        found = sessions.recent(db, limit=PAGE + 1, project=project or None, after=place(after))
        page = found[:PAGE]
        told = [in_a_line(each) for each in stories(db, page)]
        values: dict[str, Any] = {"projects": sessions.projects(db), "project": project}
    days = groupby(told, key=lambda each: text.day(each.story.session.started_ms))
    values["days"] = [(day, list(each)) for day, each in days]
    values["next"] = mark(page[-1].started_ms, page[-1].id) if len(found) > PAGE else None
    return shown(request, "sessions.html", values)


@get("/api/pages/session", sync_to_thread=True)
def session(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    id: Annotated[int, QueryParameter(ge=1, le=_LARGEST)],
    first: Annotated[int, QueryParameter(ge=0, le=_LARGEST, description="First event")] = 0,
) -> Response[Any]:
    """Show what happened in a session: prompts, tools, flushes, memories, what it was told."""
    with store.read() as db:
        found = sessions.get(db, id)
        if found is None:
            raise NotFound(f"no such session: `{id}`")
        values = _timeline(db, found, first)
    return shown(request, "session.html", values)


def _timeline(db: apsw.Connection, of: sessions.Session, first: int) -> dict[str, Any]:
    last = first + EVENTS - 1
    key = (of.source, of.stream_id)
    raw, flushes, total = timeline.of_stream(db, key, first=first, last=last)
    remembered = memories.of_session(db, of.id)
    injected = injections.of_stream(db, key)
    line = entries(raw, flushes, remembered, injected, cwd=of.cwd)
    return {
        "session": of,
        "told": in_a_line(stories(db, [of])[0]),
        "entries": line,
        "story": list(folded(line)),
        "memories": remembered,
        "injected": injected,
        "spent": timeline.spent(db, of),
        "events": total,
        "first": first,
        "next": last + 1 if total > last + 1 else None,
        "previous": max(0, first - EVENTS) if first else None,
    }


router = Router("/", route_handlers=[listing, session], tags=["pages"])
