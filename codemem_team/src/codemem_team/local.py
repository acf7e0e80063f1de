"""What a machine keeps of its teams: memberships, shared projects, how far it has read.

The records that devices write are in `log`, what they say of which memory in `subjects`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import apsw

from codemem_core.errors import CodememError
from codemem_core.store import plugin_tables
from codemem_core.store.engine.connection import rows

_STEPS = {
    1: """
    CREATE TABLE team_memberships (
        team TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        login TEXT NOT NULL,
        role TEXT NOT NULL,
        device TEXT NOT NULL,
        next_idx INTEGER NOT NULL DEFAULT 1,   -- of the next record this device writes
        sealed INTEGER NOT NULL,
        trusting INTEGER NOT NULL,
        claim_key BLOB NOT NULL,
        private_key BLOB,                      -- X25519, where the team is sealed
        synced_ms INTEGER,                     -- when all was pushed and pulled last
        problem TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE team_shares (
        team TEXT NOT NULL,
        project TEXT NOT NULL,
        kind TEXT NOT NULL,                    -- '': every kind
        PRIMARY KEY (team, project, kind)
    ) WITHOUT ROWID;
    CREATE TABLE team_records (
        team TEXT NOT NULL,
        device TEXT NOT NULL,
        idx INTEGER NOT NULL,
        author TEXT NOT NULL,
        role TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        hlc INTEGER NOT NULL,
        body TEXT NOT NULL,
        project TEXT,
        state TEXT NOT NULL,                   -- own: queued, stored, duplicate, refused; others':
        reason TEXT NOT NULL DEFAULT '',       -- applied, duplicate, forgotten, quarantined
        PRIMARY KEY (team, device, idx)
    ) WITHOUT ROWID;
    CREATE INDEX team_records_subject ON team_records (team, subject, hlc);
    CREATE INDEX team_records_state ON team_records (team, device, state, idx);
    CREATE TABLE team_subjects (
        team TEXT NOT NULL,
        subject TEXT NOT NULL,
        memory_id INTEGER,                     -- NULL: no memory of this machine says it
        author TEXT NOT NULL,
        forgotten INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (team, subject)
    ) WITHOUT ROWID;
    CREATE INDEX team_subjects_memory ON team_subjects (memory_id);
    CREATE TABLE team_devices (
        team TEXT NOT NULL,
        device TEXT NOT NULL,
        login TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        idx INTEGER NOT NULL DEFAULT 0,        -- the last record that is here; none is missing
        head INTEGER NOT NULL DEFAULT 0,       -- the last one that the server has
        PRIMARY KEY (team, device)
    ) WITHOUT ROWID;
    CREATE TABLE team_keys (                   -- of a sealed team
        team TEXT NOT NULL,
        key_id INTEGER NOT NULL,
        key BLOB NOT NULL,
        PRIMARY KEY (team, key_id)
    ) WITHOUT ROWID;
    CREATE TABLE team_pins (                   -- the public keys that devices are known by
        team TEXT NOT NULL,
        device TEXT NOT NULL,
        public_key BLOB NOT NULL,
        PRIMARY KEY (team, device)
    ) WITHOUT ROWID;
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A team that this machine takes part in."""

    team: str
    """The team's uuid."""
    name: str
    login: str
    """The PostgreSQL login that this machine writes as."""
    role: str
    device: str
    """This machine's uuid in the team; a database that was restored gets a new one."""
    next_idx: int
    sealed: bool
    trusting: bool
    claim_key: bytes
    private_key: bytes | None = None
    synced_ms: int | None = None
    problem: str = ""
    """Why it does not push and pull just now; empty: it does."""


def ensure_tables(db: apsw.Connection) -> None:
    """Make or upgrade this plugin's tables."""
    plugin_tables.ensure(db, "team", _STEPS)


def memberships(db: apsw.Connection) -> list[Membership]:
    """Return the teams this machine takes part in, by name."""
    if not plugin_tables.version(db, "team"):
        return []
    names = tuple(Membership.__dataclass_fields__)
    query = f"SELECT {', '.join(names)} FROM team_memberships ORDER BY name"  # noqa: S608 - our fields
    found = [dict(zip(names, row, strict=True)) for row in rows(db, query)]
    return [
        Membership(**{**row, "sealed": bool(row["sealed"]), "trusting": bool(row["trusting"])})
        for row in found
    ]


def membership(db: apsw.Connection, name: str | None = None) -> Membership:
    """Return a team by name, or the only one; raises `CodememError`."""
    found = [one for one in memberships(db) if name in {None, one.name}]
    if len(found) == 1:
        return found[0]
    if found:
        raise CodememError("several teams: say which", hint="--team NAME")
    raise CodememError("this machine is in no team", hint="`codemem team join NAME`")


def save_membership(db: apsw.Connection, one: Membership) -> None:
    """Write a membership; `next_idx` of one that is there is left alone."""
    names = tuple(Membership.__dataclass_fields__)
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != "next_idx")
    db.execute(
        f"INSERT INTO team_memberships ({', '.join(names)})"  # noqa: S608 - our fields
        f" VALUES ({', '.join(':' + name for name in names)})"
        f" ON CONFLICT (team) DO UPDATE SET {updates}",
        {name: getattr(one, name) for name in names},
    )


def note_problem(db: apsw.Connection, team: str, problem: str) -> None:
    """Keep why a team does not sync; empty when it does."""
    db.execute("UPDATE team_memberships SET problem = ? WHERE team = ?", (problem, team))


def note_synced(db: apsw.Connection, team: str, *, now_ms: int) -> None:
    """Keep that all was pushed and pulled."""
    db.execute(
        "UPDATE team_memberships SET problem = '', synced_ms = ? WHERE team = ?", (now_ms, team)
    )


def drop(db: apsw.Connection, team: str) -> None:
    """Delete everything that is kept of a team; memories stay."""
    for table in ("memberships", "shares", "records", "subjects", "devices", "keys", "pins"):
        db.execute(f"DELETE FROM team_{table} WHERE team = ?", (team,))  # noqa: S608 - our names


def shares(db: apsw.Connection, team: str) -> set[tuple[str, str]]:
    """Return what is shared: project and kind; the kind is empty for all of them."""
    found = rows(db, "SELECT project, kind FROM team_shares WHERE team = ?", (team,))
    return {(project, kind) for project, kind in found}


def share(db: apsw.Connection, team: str, project: str, kinds: Iterable[str]) -> None:
    """Share kinds of a project's memories; none named means all."""
    db.executemany(
        "INSERT INTO team_shares (team, project, kind) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(team, project, kind) for kind in (tuple(kinds) or ("",))],
    )


def unshare(db: apsw.Connection, team: str, project: str) -> int:
    """Share nothing more of a project; return how many rules there were."""
    db.execute("DELETE FROM team_shares WHERE team = ? AND project = ?", (team, project))
    return db.changes()


def positions(db: apsw.Connection, team: str) -> dict[str, int]:
    """Return the number of the last record of each device that is here."""
    query = "SELECT device, idx FROM team_devices WHERE team = ?"
    return dict(rows(db, query, (team,)))


def move_to(db: apsw.Connection, team: str, device: str, idx: int, *, login: str) -> None:
    """Note that all records of a device up to a number are here."""
    db.execute(
        "INSERT INTO team_devices (team, device, login, idx) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (team, device) DO UPDATE SET idx = excluded.idx",
        (team, device, login, idx),
    )


def note_head(db: apsw.Connection, team: str, device: str, told: tuple[str, str, int]) -> None:
    """Note login and label of a device, and how many records of it the server has."""
    login, label, head = told
    db.execute(
        "INSERT INTO team_devices (team, device, login, label, head) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (team, device) DO UPDATE SET"
        " login = excluded.login, label = excluded.label, head = excluded.head",
        (team, device, login, label, head),
    )


def heads(db: apsw.Connection, team: str) -> dict[str, tuple[str, str, int]]:
    """Return login and label of each device, and how many records of it the server had last."""
    query = "SELECT device, login, label, head FROM team_devices WHERE team = ?"
    return {device: (login, label, head) for device, login, label, head in rows(db, query, (team,))}
