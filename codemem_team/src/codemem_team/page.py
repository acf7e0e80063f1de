"""The Team page: both ends side by side, what is shared, conflicts and what could not be read.

It shows what this machine knows, so it opens as fast when the server is away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import apsw

from codemem_core.config.settings import Settings
from codemem_core.store import sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_team import local, log, outbox, subjects
from codemem_team.local import Membership
from codemem_team.status import last_status

SHOWN = 50


def team(store: Store, _: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """Show each team of this machine; `preview` names a project whose memories would be shared."""
    with store.read() as db:
        teams = [_team(db, one) for one in local.memberships(db)]
        found = local.memberships(db)
        preview = _preview(db, found[0], query.get("preview", "")) if found else None
    return {"teams": teams, "preview": preview}


def _team(db: apsw.Connection, one: Membership) -> dict[str, Any]:
    status = last_status(db, one)
    return {
        **status.as_json(),
        "in_step": not one.problem and all(each.balanced for each in status.devices),
        "waiting": len(log.queued(db, one, limit=10_000)),
        "sharing": _sharing(db, one),
        "conflicts": [_conflict(db, one, each) for each in log.conflicts(db, one.team)[:SHOWN]],
        "quarantine": _quarantine(db, one),
    }


def _sharing(db: apsw.Connection, one: Membership) -> list[dict[str, Any]]:
    """Return each project: what of it is shared, and how many memories would go beside."""
    shared: dict[str, list[str]] = {}
    for project, kind in sorted(local.shares(db, one.team)):
        shared.setdefault(project, []).append(kind)
    return [
        {
            "project": project,
            "shared": project in shared,
            "kinds": [kind for kind in shared.get(project, []) if kind],
            "here_only": len(outbox.unshared(db, one, project=project, kinds=())),
        }
        for project in sorted({*sessions.projects(db), *shared})
    ]


def _preview(db: apsw.Connection, one: Membership, project: str) -> dict[str, Any] | None:
    if not project:
        return None
    found = outbox.unshared(db, one, project=project, kinds=())
    kinds = Counter(memory.kind for memory in found)
    return {
        "project": project,
        "count": len(found),
        "kinds": dict(kinds.most_common()),
        "memories": found[:SHOWN],
    }


def _conflict(db: apsw.Connection, one: Membership, conflict: log.Conflict) -> dict[str, Any]:
    known = subjects.subject(db, one.team, conflict.subject)
    return {**asdict(conflict), "memory_id": known.memory_id if known else None}


_QUARANTINE = """
    SELECT author, device, idx, reason FROM team_records
     WHERE team = ? AND state IN ('quarantined', 'refused') ORDER BY hlc DESC LIMIT ?
"""


def _quarantine(db: apsw.Connection, one: Membership) -> list[dict[str, Any]]:
    names = ("author", "device", "idx", "reason")
    found = rows(db, _QUARANTINE, (one.team, SHOWN))
    return [dict(zip(names, row, strict=True)) for row in found]
