"""Home: what codemem knows of your work, what agents were given today, what waits for you."""

from __future__ import annotations

import time
from datetime import datetime
from datetime import time as midnight
from typing import Any

import apsw
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from codemem_core.distil import project_card
from codemem_core.store import injections, memories, proposals, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.overview import glance
from codemem_core.store.stories import stories
from codemem_core.store.user_rules import rules_for
from codemem_viewer.negotiate import shown
from codemem_viewer.story import in_a_line

SESSIONS, RULES, PROPOSALS, INJECTIONS = 8, 12, 4, 40


@get("/api/pages/home", sync_to_thread=True)
def home(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    project: FromQuery[str] = "",
) -> Response[Any]:
    """Show the state of one project: the one that was worked on last, unless another is named."""
    with store.read() as db:
        values = _state(db, project)
    return shown(request, "home.html", values)


def _state(db: apsw.Connection, asked: str) -> dict[str, Any]:
    now_ms = time.time_ns() // 1_000_000
    recent = sessions.recent(db, limit=SESSIONS)
    latest = next((each.project for each in recent if each.project), None)
    project = asked or latest
    found = rules_for(db, project, limit=RULES)
    return {
        "projects": sessions.projects(db),
        "project": project,
        "rules": [memory for rule in found if (memory := memories.get(db, rule.id)) is not None],
        "card": project_card.card_of(db, project),
        "sessions": [in_a_line(each) for each in stories(db, recent)],
        "proposals": proposals.waiting(db, now_ms=now_ms, limit=PROPOSALS),
        "waiting": proposals.count(db, now_ms=now_ms),
        "injected": injections.since(db, _today_ms(), limit=INJECTIONS),
        "overview": glance(db),
    }


def _today_ms() -> int:
    """Return when today began on this machine, epoch milliseconds."""
    return int(datetime.combine(datetime.now().astimezone().date(), midnight()).timestamp() * 1000)


router = Router("/", route_handlers=[home], tags=["pages"])
