"""A machine's copy of the log: what its team's devices wrote, each under its own numbers.

What is true of a memory follows from its records, in whatever order they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from codemem_core.store import changes
from codemem_core.store.engine.connection import rows
from codemem_team import local
from codemem_team.local import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of the log."""

    device: str
    idx: int
    author: str
    role: str
    kind: str
    """`memory`, `edit`, `confirm` or `forget`."""
    subject: str
    """The uuid of the memory it is about."""
    hlc: int
    body: Mapping[str, Any]
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """A record that this machine is about to write."""

    kind: str
    subject: str
    hlc: int
    body: Mapping[str, Any]
    project: str | None


_APPEND = """
    INSERT INTO team_records
        (team, device, idx, author, role, kind, subject, hlc, body, project, state, reason)
    SELECT team, device, :idx, login, role, :kind, :subject, :hlc, :body, :project, :state, :reason
      FROM team_memberships WHERE team = :team
"""


def append(db: apsw.Connection, one: Membership, new: NewRecord, *, refusal: str = "") -> None:
    """Write a record of this machine; it waits to be pushed, unless it is refused with a reason.

    A refused one gets a negative number: those that are pushed have no gap.
    """
    where = {"team": one.team, "device": one.device}
    if refusal:
        query = (
            "SELECT min(0, coalesce(min(idx), 0)) - 1 FROM team_records"
            " WHERE team = :team AND device = :device"
        )
    else:
        query = (
            "UPDATE team_memberships SET next_idx = next_idx + 1 WHERE team = :team"
            " RETURNING next_idx - 1"
        )
        del where["device"]
    fields = {"team": one.team, "idx": db.execute(query, where).get, "reason": refusal}
    fields |= {"state": "refused" if refusal else "queued"}
    fields |= {name: getattr(new, name) for name in ("kind", "subject", "hlc", "project")}
    db.execute(_APPEND, fields | {"body": json.dumps(dict(new.body), ensure_ascii=False)})


def keep(db: apsw.Connection, team: str, record: Record, *, project: str | None = None) -> bool:
    """Write a record of another device; False when it is here already."""
    db.execute(
        "INSERT INTO team_records"
        " (team, device, idx, author, role, kind, subject, hlc, body, project, state, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            *(team, record.device, record.idx, record.author, record.role, record.kind),
            *(record.subject, record.hlc, json.dumps(dict(record.body), ensure_ascii=False)),
            *(project, record.state, record.reason),
        ),
    )
    return bool(db.changes())


_RECORD = "device, idx, author, role, kind, subject, hlc, body, state, reason"


def queued(db: apsw.Connection, one: Membership, *, limit: int) -> list[Record]:
    """Return what waits to be pushed, in the order of its numbers."""
    query = (
        f"SELECT {_RECORD} FROM team_records"  # noqa: S608 - constant
        " WHERE team = ? AND device = ? AND state = 'queued' ORDER BY idx LIMIT ?"
    )
    return [_record(row) for row in rows(db, query, (one.team, one.device, limit))]


def of_subject(db: apsw.Connection, team: str, subject: str) -> list[Record]:
    """Return everything that was said of a memory, oldest first, in the same order everywhere."""
    query = (
        f"SELECT {_RECORD} FROM team_records"  # noqa: S608 - constant
        " WHERE team = ? AND subject = ? AND state <> 'quarantined' ORDER BY hlc, device, idx"
    )
    return [_record(row) for row in rows(db, query, (team, subject))]


def last_edit(db: apsw.Connection, team: str, subject: str) -> int:
    """Return the clock of the last edit of a memory that is here; 0: nobody edited it."""
    query = (
        "SELECT coalesce(max(hlc), 0) FROM team_records"
        " WHERE team = ? AND subject = ? AND kind = 'edit' AND state <> 'quarantined'"
    )
    return int(rows(db, query, (team, subject))[0][0])


def mark(
    db: apsw.Connection, one: Membership, idxs: Iterable[int], state: str, reason: str = ""
) -> None:
    """Set the state of records of this machine."""
    db.executemany(
        "UPDATE team_records SET state = ?, reason = ? WHERE team = ? AND device = ? AND idx = ?",
        [(state, reason, one.team, one.device, idx) for idx in idxs],
    )


def sign(db: apsw.Connection, one: Membership) -> None:
    """Let what waits to be pushed have the login and the role that this machine has now."""
    db.execute(
        "UPDATE team_records SET author = ?, role = ?"
        " WHERE team = ? AND device = ? AND state = 'queued'",
        (one.login, one.role, one.team, one.device),
    )


def acknowledged(db: apsw.Connection, one: Membership) -> int:
    """Return the number of the last record of this device that the server took."""
    query = (
        "SELECT coalesce(max(idx), 0) FROM team_records"
        " WHERE team = ? AND device = ? AND state IN ('stored', 'duplicate')"
    )
    return int(rows(db, query, (one.team, one.device))[0][0])


def send_again(db: apsw.Connection, one: Membership, *, after: int) -> None:
    """Let records wait to be pushed that the server has no more: it was restored from a backup."""
    db.execute(
        "UPDATE team_records SET state = 'queued'"
        " WHERE team = ? AND device = ? AND idx > ? AND state IN ('stored', 'duplicate')",
        (one.team, one.device, after),
    )


def become(db: apsw.Connection, one: Membership, device: str) -> None:
    """Go on as another device: this database is a copy, and the other one used our numbers too.

    What waits to be pushed is numbered anew; what the server took stays the old device's.
    """
    waiting = [record.idx for record in queued(db, one, limit=-1)]
    db.executemany(
        "UPDATE team_records SET device = ?, idx = ? WHERE team = ? AND device = ? AND idx = ?",
        [
            (device, number, one.team, one.device, idx)
            for number, idx in enumerate(waiting, start=1)
        ],
    )
    local.move_to(db, one.team, one.device, acknowledged(db, one), login=one.login)
    db.execute(
        "UPDATE team_memberships SET device = ?, next_idx = ? WHERE team = ?",
        (device, len(waiting) + 1, one.team),
    )


def blank(db: apsw.Connection, team: str, subject: str) -> None:
    """Delete the text of a memory's records here; what waits to be pushed keeps it until then."""
    db.execute(
        "UPDATE team_records SET body = '{}'"
        " WHERE team = ? AND subject = ? AND kind IN ('memory', 'edit') AND state <> 'queued'",
        (team, subject),
    )


def mark_record(db: apsw.Connection, team: str, record: Record, state: str) -> None:
    """Set what became of a record of another device; one of this machine keeps its state."""
    db.execute(
        "UPDATE team_records SET state = ? WHERE team = ? AND device = ? AND idx = ?"
        " AND state IN ('applied', 'duplicate', 'forgotten')",
        (state, team, record.device, record.idx),
    )


def _record(row: tuple[Any, ...]) -> Record:
    fields = dict(zip(Record.__dataclass_fields__, row, strict=True))
    return Record(**{**fields, "body": json.loads(fields["body"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two edits of one field, of which the later was made without knowing the earlier."""

    subject: str
    field: str
    winner: str
    """The author whose edit holds."""
    loser: str
    lost: str
    """What the loser had written."""
    at_ms: int
    """When the edit that holds was made."""


def conflicts(db: apsw.Connection, team: str) -> list[Conflict]:
    """Return where two people or machines edited the same field, newest first."""
    query = (
        f"SELECT {_RECORD} FROM team_records"  # noqa: S608 - constant
        " WHERE team = ? AND kind = 'edit' AND state <> 'quarantined' AND body <> '{}'"
        " ORDER BY subject, hlc, device, idx"
    )
    found: list[Conflict] = []
    last: dict[tuple[str, str], Record] = {}
    for edit in map(_record, rows(db, query, (team,))):
        for field in edit.body["fields"]:
            before = last.get((edit.subject, field))
            last[edit.subject, field] = edit
            if before and before.device != edit.device and before.hlc > edit.body["seen"]:
                found.append(_conflict(field, edit, before))
    return sorted(found, key=lambda one: -one.at_ms)


def _conflict(field: str, winner: Record, loser: Record) -> Conflict:
    return Conflict(
        subject=winner.subject,
        field=field,
        winner=winner.author,
        loser=loser.author,
        lost=str(loser.body["fields"][field]),
        at_ms=changes.at_ms(winner.hlc),
    )
