"""Whether a machine and its team's server have the same: counts of both ends, side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import apsw

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_team import client, local, postgres
from codemem_team.local import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCount:
    """How many records of a device both ends have."""

    device: str
    login: str
    label: str
    own: bool
    here: int
    """Records of it in this database that the server should have: without what waits."""
    server: int | None
    """Records of it the server has; None: it was not asked."""
    states: dict[str, int]
    """What became of them here, by state."""

    @property
    def balanced(self) -> bool:
        """Whether both ends have the same number, and none was refused or quarantined."""
        is_same = self.server in {None, self.here}
        return is_same and not {"refused", "quarantined"} & self.states.keys()


@dataclass(frozen=True, slots=True)
class Line:
    """A line for people."""

    text: str
    ok: bool
    """Whether both ends agree on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Both ends of a team."""

    membership: Membership
    devices: list[DeviceCount]
    projects: dict[str, dict[str, int]]
    """Records by project and state."""
    shares: list[tuple[str, str]]
    problem: str
    now_ms: int

    def lines(self) -> list[Line]:
        """Return the counts for people, a device a line."""
        found = []
        for each in self.devices:
            what = "sent" if each.own else "received"
            server = "?" if each.server is None else f"{each.server:,}"
            states = ", ".join(f"{count:,} {state}" for state, count in sorted(each.states.items()))
            name = f"{each.login} {each.label} {each.device[:8]}"
            text = f"{name}: {each.here:,} {what}, server {server}; {states or 'nothing'}"
            found.append(Line(text, each.balanced))
        for project, kind in self.shares:
            counts = self.projects.get(project, {})
            told = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
            text = f"shared: {project} {kind or '(all kinds)'}: {told or 'nothing'}"
            found.append(Line(text, ok=True))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return everything but keys, for programs."""
        one = self.membership
        return {
            "team": one.name,
            "login": one.login,
            "role": one.role,
            "device": one.device,
            "sealed": one.sealed,
            "synced_ms": one.synced_ms,
            "problem": self.problem,
            "devices": [asdict(each) | {"balanced": each.balanced} for each in self.devices],
            "projects": self.projects,
            "shares": [{"project": project, "kind": kind} for project, kind in self.shares],
        }


def status_of(store: Store, settings: Settings, name: str | None) -> Status:
    """Count both ends; a server that does not answer is the problem, not an error."""
    with store.read() as db:
        one = local.membership(db, name)
    problem, server = one.problem, None
    try:
        with (
            client.connected(settings) as connection,
            client.transaction(connection) as cursor,
        ):
            server = postgres.device_counts(cursor, one.team)
    except CodememError as error:
        problem = str(error)
    with store.read() as db:
        return _status(db, replace(one, problem=problem), server)


def last_status(db: apsw.Connection, one: Membership) -> Status:
    """Return the counts as they were when the server was reached last."""
    return _status(db, one, local.heads(db, one.team))


def _status(
    db: apsw.Connection, one: Membership, server: Mapping[str, tuple[str, str, int]] | None
) -> Status:
    return Status(
        membership=one,
        devices=_devices(db, one, server),
        projects=_projects(db, one),
        shares=sorted(local.shares(db, one.team)),
        problem=one.problem,
        now_ms=time.time_ns() // 1_000_000,
    )


_STATES = "SELECT device, state, count(*) FROM team_records WHERE team = ? GROUP BY device, state"


def _devices(
    db: apsw.Connection, one: Membership, server: Mapping[str, tuple[str, str, int]] | None
) -> list[DeviceCount]:
    states: dict[str, dict[str, int]] = {}
    for device, state, count in rows(db, _STATES, (one.team,)):
        states.setdefault(device, {})[state] = count
    found = []
    for device in sorted({one.device, *states, *(server or {})}):
        login, label, count = (server or {}).get(device, ("", "", 0))
        counted = states.get(device, {})
        found.append(
            DeviceCount(
                device=device,
                login=login,
                label=label,
                own=device == one.device,
                here=sum(n for state, n in counted.items() if state not in {"queued", "refused"}),
                server=None if server is None else count,
                states=counted,
            )
        )
    return found


def _projects(db: apsw.Connection, one: Membership) -> dict[str, dict[str, int]]:
    query = (
        "SELECT project, state, count(*) FROM team_records"
        " WHERE team = ? AND project IS NOT NULL GROUP BY project, state"
    )
    found: dict[str, dict[str, int]] = {}
    for project, state, count in rows(db, query, (one.team,)):
        found.setdefault(project, {})[state] = count
    return found
