"""Sessions, projects and artifacts, as lists for programs."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from codemem_core.errors import InputError
from codemem_core.store import sessions
from codemem_core.store.engine.store import Store
from codemem_viewer.legacy_json import session_item


@get("/api/sessions", sync_to_thread=True)
def newest(
    store: NamedDependency[Store], limit: Annotated[int, QueryParameter(ge=1, le=500)] = 20
) -> dict[str, Any]:
    """List sessions, newest first."""
    with store.read() as db:
        return {"items": [session_item(each) for each in sessions.recent(db, limit=limit)]}


@get("/api/session", sync_to_thread=True)
def counts(store: NamedDependency[Store], project: FromQuery[str] = "") -> dict[str, int]:
    """Count prompts and memories, of a project or of all."""
    with store.read() as db:
        found = sessions.counts(db, project or None)
    return {"total": found["prompts"] + found["memories"], "artifacts": 0, **found}


@get("/api/projects", sync_to_thread=True)
def projects(store: NamedDependency[Store]) -> dict[str, list[str]]:
    """List projects that have memories, sorted."""
    with store.read() as db:
        return {"projects": sessions.projects(db)}


@get("/api/artifacts", sync_to_thread=True)
def artifacts(session_id: FromQuery[str] = "") -> dict[str, list[object]]:
    """List a session's artifacts: none, since events are kept as they came; for older clients."""
    if not session_id:
        raise InputError("session_id required")
    return {"items": []}


router = Router("/", route_handlers=[newest, counts, projects, artifacts], tags=["sessions"])
