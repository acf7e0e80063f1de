"""Every statement that the team's server is asked."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from codemem_team.client import Cursor
from codemem_team.local import Membership
from codemem_team.log import Record

_WAIT_S = 1.0
"""How soon a listener notices that it is to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team as its server knows it, and the caller's place in it."""

    id: str
    name: str
    sealed: bool
    trusting: bool
    claim_key: bytes
    login: str
    role: str


def create_team(  # noqa: PLR0913 - what a team has
    cursor: Cursor,
    name: str,
    *,
    trusting: bool,
    claim_key: bytes,
    recovery_key: bytes | None,
    maintainer: str,
) -> None:
    """Make a team, as the owner of the schema; one with a recovery key is sealed.

    Without a maintainer it is the caller.
    """
    cursor.execute(
        "WITH made AS ("
        "  INSERT INTO codemem.team (name, sealed, trusting, claim_key, recovery_key)"
        "  VALUES (%s, %s, %s, %s, %s) RETURNING id)"
        " INSERT INTO codemem.member (team, login, role)"
        " SELECT id, coalesce(nullif(%s, ''), session_user), 'maintainer' FROM made"
        " RETURNING codemem.grant_rights(login)",
        (name, recovery_key is not None, trusting, claim_key, recovery_key, maintainer),
    )


_TEAM = """
    SELECT t.id::text, t.name, t.sealed, t.trusting, t.claim_key, m.login::text, m.role
      FROM codemem.team t JOIN codemem.member m ON m.team = t.id
     WHERE m.login = session_user AND m.left_at IS NULL AND (t.name = %s OR t.id::text = %s)
"""


def find_team(cursor: Cursor, wanted: str) -> Team | None:
    """Return a team that the caller is a member of, by its name or id."""
    cursor.execute(_TEAM, (wanted, wanted))
    row = cursor.fetchone()
    if row is None:
        return None
    return Team(**dict(zip(Team.__dataclass_fields__, row, strict=True)))


def add_device(cursor: Cursor, team: str, *, label: str, public_key: bytes | None) -> str:
    """Make this machine known to the team, and return its new uuid."""
    device = str(uuid.uuid4())
    cursor.execute("SELECT codemem.add_device(%s, %s, %s, %s)", (team, device, label, public_key))
    return device


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A machine of a member."""

    device: str
    login: str
    label: str
    public_key: bytes | None
    is_member: bool
    """Whether its login is still a member."""
    has_key: bool
    """Whether a key of the team was ever wrapped for it."""


_DEVICES = """
    SELECT d.device::text, d.login::text, d.label, d.public_key, m.left_at IS NULL,
           EXISTS (SELECT FROM codemem.team_key k WHERE k.team = d.team AND k.device = d.device)
      FROM codemem.device d JOIN codemem.member m ON m.team = d.team AND m.login = d.login
     WHERE d.team = %s ORDER BY d.created_at
"""


def devices(cursor: Cursor, team: str) -> list[Device]:
    """Return the machines of a team, the oldest first."""
    cursor.execute(_DEVICES, (team,))
    names = tuple(Device.__dataclass_fields__)
    return [Device(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def wrapped_keys(cursor: Cursor, team: str, device: str) -> dict[int, bytes]:
    """Return the team's keys as they are wrapped for a device, by number."""
    cursor.execute(
        "SELECT key_id, wrapped FROM codemem.team_key WHERE team = %s AND device = %s",
        (team, device),
    )
    return {int(key_id): bytes(wrapped) for key_id, wrapped in cursor.fetchall()}


def give_key(cursor: Cursor, team: str, key_id: int, device: str, wrapped: bytes) -> None:
    """Store a key that is wrapped for a device; one that is there stays."""
    query = "SELECT codemem.give_key(%s, %s, %s, %s)"
    cursor.execute(query, (team, key_id, device, wrapped))


def recovery_key(cursor: Cursor, team: str) -> bytes:
    """Return the public key that keys are wrapped for beside those of devices."""
    cursor.execute("SELECT recovery_key FROM codemem.team WHERE id = %s", (team,))
    return bytes((cursor.fetchone() or (b"",))[0])


@dataclass(frozen=True, slots=True)
class Head:
    """How much the server has of a device."""

    login: str
    label: str
    idx: int
    """The number of its last record, which is how many there are."""


# The team is given twice: as a constant it leaves one partition to plan for, joined it leaves all.
_HEADS = """
    SELECT d.device::text, d.login::text, d.label,
           coalesce((SELECT r.idx FROM codemem.record r
                      WHERE r.team = %(team)s AND r.device = d.device
                      ORDER BY r.idx DESC LIMIT 1), 0)
      FROM codemem.device d WHERE d.team = %(team)s
"""


def heads(cursor: Cursor, team: str) -> dict[str, Head]:
    """Return, of each device, the number of the last record that the server has."""
    cursor.execute(_HEADS, {"team": team})
    return {device: Head(login, label, int(idx)) for device, login, label, idx in cursor}


_COUNTS = """
    SELECT d.device::text, d.login::text, d.label,
           (SELECT count(*) FROM codemem.record r
             WHERE r.team = %(team)s AND r.device = d.device)
      FROM codemem.device d WHERE d.team = %(team)s
"""


def device_counts(cursor: Cursor, team: str) -> dict[str, tuple[str, str, int]]:
    """Return login, label and number of records of each device."""
    cursor.execute(_COUNTS, {"team": team})
    return {device: (login, label, int(n)) for device, login, label, n in cursor.fetchall()}


_PUSH = """
    INSERT INTO codemem.record (team, device, idx, author, role, kind, subject, hlc, key_id, body)
    SELECT %(team)s, %(device)s, idx, %(author)s, %(role)s, kind, subject, hlc, key_id, body
      FROM unnest(%(idx)s::bigint[], %(kind)s::text[], %(subject)s::uuid[], %(hlc)s::bigint[],
                  %(key_id)s::integer[], %(body)s::bytea[])
           AS sent(idx, kind, subject, hlc, key_id, body)
    ON CONFLICT DO NOTHING RETURNING idx
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as it goes over the wire."""

    record: Record
    key_id: int | None
    body: bytes


def push(cursor: Cursor, one: Membership, batch: Sequence[Sent]) -> set[int]:
    """Append records of this device; return the numbers that were new."""
    values: dict[str, Any] = {"team": one.team, "device": one.device, "author": one.login}
    values |= {"role": one.role, "key_id": [each.key_id for each in batch]}
    values |= {"body": [each.body for each in batch]}
    for name in ("idx", "kind", "subject", "hlc"):
        values[name] = [getattr(each.record, name) for each in batch]
    cursor.execute(_PUSH, values)
    new = {int(idx) for (idx,) in cursor.fetchall()}
    cursor.execute("SELECT pg_notify(%s, '')", (_channel(one.team),))
    return new


def _channel(team: str) -> str:
    return f"codemem_{team.replace('-', '')}"


def calls(
    connection: psycopg.Connection[Any], teams: Sequence[str], stop: threading.Event
) -> Iterator[None]:
    """Yield whenever somebody pushed to one of the teams, until told to stop."""
    for team in teams:
        connection.execute(f"LISTEN {_channel(team)}".encode())
    while not stop.is_set():
        for _ in connection.notifies(timeout=_WAIT_S, stop_after=1):
            yield


def stored(cursor: Cursor, one: Membership, idxs: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return subject and clock of records of this device that the server has, by number."""
    cursor.execute(
        "SELECT idx, subject::text, hlc FROM codemem.record"
        " WHERE team = %s AND device = %s AND idx = ANY(%s)",
        (one.team, one.device, list(idxs)),
    )
    return {int(idx): (subject, int(hlc)) for idx, subject, hlc in cursor.fetchall()}


# By device, not by one number for all: a lower number of such a sequence may be committed later,
# and waiting until no transaction is open lets any long one on the server hold everybody up.
_PULL = """
    SELECT r.device::text, r.idx, r.author::text, r.role, r.kind, r.subject::text, r.hlc,
           r.key_id, r.body
      FROM codemem.device d
      LEFT JOIN unnest(%(devices)s::uuid[], %(idxs)s::bigint[]) AS known(device, idx)
             ON known.device = d.device
     CROSS JOIN LATERAL (
           SELECT * FROM codemem.record r
            WHERE r.team = %(team)s AND r.device = d.device AND r.idx > coalesce(known.idx, 0)
            ORDER BY r.idx LIMIT %(limit)s) r
     WHERE d.team = %(team)s AND d.device <> %(own)s
     LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it came over the wire."""

    record: Record
    key_id: int | None
    body: bytes


def pull(
    cursor: Cursor,
    one: Membership,
    positions: dict[str, int],
    *,
    limit: int,
) -> list[Received]:
    """Return the next records of the other devices, each device's in order and without a gap."""
    values = {"team": one.team, "own": one.device, "limit": limit}
    values |= {"devices": list(positions), "idxs": list(positions.values())}
    cursor.execute(_PULL, values)
    found = []
    for device, idx, author, role, kind, subject, hlc, key_id, body in cursor.fetchall():
        record = Record(
            device=device, idx=idx, author=author, role=role, kind=kind, subject=subject, hlc=hlc,
            body={},
        )  # fmt: skip
        found.append(Received(record, key_id, bytes(body)))
    return found


def plain_body(record: Record) -> bytes:
    """Return a body as a server that may read it stores it."""
    return json.dumps(dict(record.body), ensure_ascii=False, separators=(",", ":")).encode()
