"""Pages that plugins add, and what the navigation shows beside its links."""

from __future__ import annotations

import math
import time
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from codemem_core.config.settings import Settings
from codemem_core.errors import NotFound
from codemem_core.plugins.registry import Plugins
from codemem_core.store import proposals
from codemem_core.store.engine.store import Store
from codemem_viewer.negotiate import shown


@get("/api/pages/{name:str}", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    plugins: NamedDependency[Plugins],
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show a page that a plugin offers; 404 when none of that name is offered."""
    offered = plugins.viewer_pages().get(name)
    if offered is None:
        raise NotFound(f"no such page: `/{name}`")
    target, query = plugins.target(offered), dict(request.query_params)
    values = plugins.call(offered, lambda: target(store, settings, query), limit_s=math.inf)
    return shown(request, offered.template, values)


@get("/api/navigation", sync_to_thread=True)
def navigation(
    plugins: NamedDependency[Plugins], store: NamedDependency[Store]
) -> dict[str, list[dict[str, str]] | dict[str, int]]:
    """List the pages that plugins add, and how much waits on a page (`review`)."""
    added = [{"name": each.name, "title": each.title} for each in plugins.viewer_pages().values()]
    with store.read() as db:
        waiting = proposals.count(db, now_ms=time.time_ns() // 1_000_000)
    return {"pages": added, "waiting": {"review": waiting}}


router = Router("/", route_handlers=[page, navigation], tags=["pages"])
