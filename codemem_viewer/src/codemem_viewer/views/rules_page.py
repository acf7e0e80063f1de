"""Rules: what the user said is to be done from now on."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.rules import all_rules, rules_for
from codemem_viewer.negotiate import shown


@get("/api/pages/rules", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    project: FromQuery[str] = "",
) -> Response[Any]:
    """Show the rules of a project and those of all projects; without one, every rule."""
    with store.read() as db:
        found = rules_for(db, project) if project else all_rules(db)
        listed = [memory for rule in found if (memory := memories.get(db, rule.id)) is not None]
        values = {"projects": sessions.projects(db), "project": project, "rules": listed}
    return shown(request, "rules.html", values)


router = Router("/", route_handlers=[page], tags=["pages"])
