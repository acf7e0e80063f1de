"""The team's server: how it is reached, and every statement it is asked."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, StoreError
from codemem_team.local import Membership
from codemem_team.log import Record

_STEP = re.compile(r"(\d{4})_\w+\.sql")
_CONNECT_S = 10
_STATEMENT_MS = 30_000
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
_LOCK = 0x636F6465  # "code": one `init` at a time


Cursor: TypeAlias = psycopg.Cursor[tuple[Any, ...]]


class ServerAway(CodememError):
    """The server does not answer, or did not end what it was asked."""

    hint = "nothing is lost: it is tried again, and everything else works without it"


@contextmanager
def connected(settings: Settings) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Lend a connection to the team's server; raises `ServerAway` for whatever goes wrong.

    It works through a pooler: nothing of a session is used beyond a transaction.
    """
    try:
        with psycopg.connect(
            conninfo(settings), autocommit=True, prepare_threshold=None
        ) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise CodememError(f"the team's server refuses: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise ServerAway(f"the team's server: {_first_line(error)}") from error


def conninfo(settings: Settings) -> str:
    """Return how to connect: as set, with time-outs, and verified TLS unless it is this machine."""
    given = settings.text("team_url") or ""
    try:
        resolved = _resolved(given)
    except psycopg.Error as error:
        raise CodememError(f"`team_url` is no connection string: {_first_line(error)}") from error
    defaults: dict[str, str | int] = {
        "connect_timeout": _CONNECT_S,
        "application_name": "codemem",
        "keepalives_idle": 30,
        "tcp_user_timeout": 20_000,
    }
    chosen = {name: value for name, value in defaults.items() if not resolved.get(name)}
    if not is_local(resolved) and resolved.get("sslmode") in {None, "", "prefer"}:
        chosen["sslmode"] = "verify-full"
        if not resolved.get("sslrootcert"):
            chosen["sslrootcert"] = "system"
    return make_conninfo(given, **chosen)


def is_local(resolved: dict[str, str]) -> bool:
    """Say whether a server is reached without a network."""
    hosts = (resolved.get("hostaddr") or resolved.get("host") or "").split(",")
    return all(host in _LOOPBACK or host.startswith(("/", "@")) for host in hosts)


def _resolved(given: str) -> dict[str, str]:
    """Return each option as libpq sees it, with its service file and environment."""
    connection = pq.PGconn.connect_start(given.encode())
    try:
        found = {one.keyword.decode(): one.val for one in connection.info}
    finally:
        connection.finish()
    return {name: value.decode() for name, value in found.items() if value}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


@contextmanager
def transaction(connection: psycopg.Connection[Any]) -> Iterator[Cursor]:
    """Run the block in one transaction that cannot hang."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true),"
            " set_config('idle_in_transaction_session_timeout', %s, true)",
            (str(_STATEMENT_MS), str(_STATEMENT_MS)),
        )
        yield cursor


# --- schema --------------------------------------------------------------------------------------


def steps() -> dict[int, str]:
    """Return the SQL of each step of the server's schema by its number."""
    found = {}
    for path in files("codemem_team").joinpath("schema").iterdir():
        if match := _STEP.fullmatch(path.name):
            found[int(match[1])] = path.read_text(encoding="utf-8")
    return found


def schema_version(cursor: Cursor) -> int:
    """Return the step the server is at; 0: it has no schema of ours."""
    cursor.execute("SELECT to_regclass('codemem.schema_version') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return 0
    cursor.execute("SELECT coalesce(max(version), 0) FROM codemem.schema_version")
    return int((cursor.fetchone() or (0,))[0])


def upgrade(connection: psycopg.Connection[Any]) -> list[int]:
    """Apply the steps the server has not had, as the owner, and return their numbers.

    Raises `StoreError` for a schema that is newer than this program.
    """
    wanted = steps()
    with transaction(connection) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        number = _known_version(cursor, max(wanted))
        applied = list(range(number + 1, max(wanted) + 1))
        for step in applied:
            cursor.execute(wanted[step].encode())
            cursor.execute("INSERT INTO codemem.schema_version (version) VALUES (%s)", (step,))
    return applied


def require_current(cursor: Cursor) -> None:
    """Raise `StoreError` unless the server has exactly the schema this program knows."""
    newest = max(steps())
    number = _known_version(cursor, newest)
    if number < newest:
        raise StoreError(
            f"the team's server has an older schema: step {number}, this codemem needs {newest}",
            hint="its owner runs `codemem team init`",
        )


def _known_version(cursor: Cursor, newest: int) -> int:
    number = schema_version(cursor)
    if number > newest:
        raise StoreError(
            f"the team's server is newer than this codemem: step {number}, it knows {newest}",
            hint="upgrade codemem",
        )
    return number


# --- teams ---------------------------------------------------------------------------------------


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


# --- devices and keys ----------------------------------------------------------------------------


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


# --- the log -------------------------------------------------------------------------------------


def head(cursor: Cursor, one: Membership) -> int:
    """Return the number of the last record of this device that the server has."""
    cursor.execute(
        "SELECT coalesce(max(idx), 0) FROM codemem.record WHERE team = %s AND device = %s",
        (one.team, one.device),
    )
    return int((cursor.fetchone() or (0,))[0])


_COUNTS = """
    SELECT d.device::text, d.login::text, d.label,
           (SELECT count(*) FROM codemem.record r WHERE r.team = d.team AND r.device = d.device)
      FROM codemem.device d WHERE d.team = %s
"""


def device_counts(cursor: Cursor, team: str) -> dict[str, tuple[str, str, int]]:
    """Return login, label and number of records of each device."""
    cursor.execute(_COUNTS, (team,))
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
    return {int(idx) for (idx,) in cursor.fetchall()}


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
