"""What has to be so for a team to be safe: rights, transport, clocks, and counts of both ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import apsw
import psycopg

from codemem_core.config.settings import Settings
from codemem_core.records.protocols import Check
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_team import client
from codemem_team.client import Cursor
from codemem_team.local import Membership
from codemem_team.status import status_of

_OLDEST = 150_000
_CLOCK_MS = 60_000


def examine(store: Store, settings: Settings, name: str | None) -> list[Check]:
    """Look at everything; what the server does not let us look at is said."""
    found = status_of(store, settings, name)
    if found.problem:
        return [Check(ok=False, text=found.problem, hint="nothing is lost: changes wait here")]
    checks = [
        Check(ok=line.ok, text=line.text, hint="" if line.ok else _COUNTS_HINT)
        for line in found.lines()
    ]
    with client.connected(settings) as connection:
        checks += _server(connection)
        if found.membership.sealed:
            with store.read() as db:
                words = _telling_words(db, found.membership)
            checks += _sealed(connection, found.membership, words)
    return checks


_COUNTS_HINT = "`codemem team status --json` has the reasons"


def _server(connection: psycopg.Connection[Any]) -> Iterator[Check]:
    version = connection.info.server_version
    yield Check(ok=version >= _OLDEST, text=f"PostgreSQL {version // 10_000}", hint="15 or newer")
    yield _transport(connection)
    with client.transaction(connection) as cursor:
        yield _clock(cursor)
        owns = _owns(cursor)
        yield from _login(cursor, owns=owns)
        yield from _rows(cursor)
    if not owns:
        for statement in ("UPDATE codemem.record SET kind = kind", "DELETE FROM codemem.record"):
            yield _refused(connection, statement)


def _transport(connection: psycopg.Connection[Any]) -> Check:
    host = connection.info.host
    if client.is_local({"host": host}):
        return Check(ok=True, text="the server is reached without a network")
    tls = bool(connection.pgconn.ssl_in_use)
    mode = connection.info.get_parameters().get("sslmode", "")
    return Check(
        ok=tls and mode == "verify-full",
        text=f"connection to {host}: {'TLS' if tls else 'no TLS'}, sslmode {mode or 'unset'}",
        hint="set `sslmode=verify-full` and `sslrootcert`",
    )


def _clock(cursor: Cursor) -> Check:
    cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    skew_ms = time.time_ns() // 1_000_000 - int((cursor.fetchone() or (0,))[0])
    return Check(
        ok=abs(skew_ms) < _CLOCK_MS,
        text=f"this machine's clock is {abs(skew_ms) / 1000:.1f} s from the server's",
        hint="set the clock: the later of two edits is known by it",
    )


def _owns(cursor: Cursor) -> bool:
    cursor.execute(
        "SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class"
        " WHERE oid = 'codemem.record'::regclass"
    )
    return bool((cursor.fetchone() or (True,))[0])


_LOGIN = """
    SELECT rolsuper OR rolbypassrls,
           (SELECT count(*) FROM codemem.member WHERE left_at IS NULL)
      FROM pg_roles WHERE rolname = session_user
"""


def _login(cursor: Cursor, *, owns: bool) -> Iterator[Check]:
    cursor.execute(_LOGIN)
    bypasses, members = cursor.fetchone() or (True, 0)
    yield Check(
        ok=not bypasses,
        text="your login passes policies" if bypasses else "your login is held to the policies",
        hint="connect as a login that is no superuser and has no BYPASSRLS",
    )
    yield Check(
        ok=not owns or members == 1,
        text="your login owns the tables" if owns else "your login does not own the tables",
        hint="in a team of several, the owner's login is for `team init` alone",
    )


_POLICIES = """
    SELECT c.relname::text
      FROM pg_partition_tree('codemem.record') t JOIN pg_class c ON c.oid = t.relid
     WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
        OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = 'r')
        OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = 'a')
     ORDER BY 1
"""


def _rows(cursor: Cursor) -> Iterator[Check]:
    cursor.execute(_POLICIES)
    bare = [name for (name,) in cursor.fetchall()]
    yield Check(
        ok=not bare,
        text=f"tables without policies: {', '.join(bare)}" if bare else "every table has policies",
        hint="somebody changed the schema: compare it with `codemem_team/schema`",
    )
    cursor.execute(
        "SELECT count(*) FROM codemem.record WHERE team NOT IN (SELECT codemem.my_teams())"
    )
    (others,) = cursor.fetchone() or (0,)
    yield Check(ok=others == 0, text=f"rows of teams that are not yours: {others}")


_TITLES = """
    SELECT m.title, m.body FROM team_subjects s JOIN memories m ON m.id = s.memory_id
     WHERE s.team = ? ORDER BY m.id DESC LIMIT 500
"""


def _telling_words(db: apsw.Connection, one: Membership) -> list[bytes]:
    """Return words of shared memories, long enough not to turn up in random bytes."""
    texts = " ".join(f"{title} {body}" for title, body in rows(db, _TITLES, (one.team,)))
    found = sorted({word for word in texts.split() if len(word) >= 6}, key=len, reverse=True)
    return [word.encode() for word in found[:1_000]]


def _sealed(
    connection: psycopg.Connection[Any], one: Membership, words: list[bytes]
) -> Iterator[Check]:
    """Look for plain text where there must be none: bodies without a key, and words of memories."""
    with client.transaction(connection) as cursor:
        cursor.execute(
            "SELECT count(*) FROM codemem.record WHERE team = %s AND key_id IS NULL", (one.team,)
        )
        (bare,) = cursor.fetchone() or (0,)
        cursor.execute(
            "SELECT count(*) FROM codemem.record r, unnest(%s::bytea[]) AS w(word)"
            " WHERE r.team = %s AND position(w.word IN r.body) > 0",
            (words, one.team),
        )
        (leaked,) = cursor.fetchone() or (0,)
    yield Check(ok=bare == 0, text=f"records on the server that are not sealed: {bare}")
    text = f"of {len(words)} words of shared memories, the server's records hold {leaked}"
    yield Check(ok=leaked == 0, text=text)


def _refused(connection: psycopg.Connection[Any], statement: str) -> Check:
    """Check that the server refuses a statement; it is rolled back in any case."""
    what = statement.split(maxsplit=1)[0]
    try:
        with client.transaction(connection) as cursor:
            cursor.execute(f"{statement} WHERE false".encode())
    except psycopg.errors.InsufficientPrivilege:
        return Check(ok=True, text=f"{what} of records is refused")
    except psycopg.Error as error:
        return Check(ok=False, text=f"{what} of records: {error}")
    return Check(ok=False, text=f"your login may {what} records", hint="members only add them")
