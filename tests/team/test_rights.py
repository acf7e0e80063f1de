"""Who may do what on the server, tried as each login."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from team.homes import OWNER, Home, Server

from codemem_team.doctor import examine

HomeMaker = Callable[..., Home]


@pytest.fixture
def acme(make_home: HomeMaker) -> Home:
    """Have a team with a record, an edit and two devices."""
    alice = make_home("alice")
    make_home("bob")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    return alice


def readable(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how many rows a login gets of each table, view and function; refused: none."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('SELECT count(*) FROM %I.%I', n.nspname, c.relname)"
            "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'codemem' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')"
        )
        queries = [query for (query,) in cursor.fetchall()]
        queries += ["SELECT count(*) FROM codemem.my_teams()",
                    "SELECT count(*) FROM codemem.my_devices()"]  # fmt: skip
    for query in queries:
        try:
            row = connection.execute(query.encode()).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            continue
        found[query] = int((row or (0,))[0])
    return found


def test_a_stranger_sees_nothing(pg: Server, acme: Home) -> None:
    """Not even that there are tables."""
    del acme
    with pg.as_login("mallory") as connection:
        assert readable(connection) == {}


def test_a_member_of_another_team_gets_no_row_of_this_one(pg: Server, acme: Home) -> None:
    """Over every table, partition, view and function."""
    other = member_of_another_team(pg)
    with pg.as_login("mallory") as connection:
        found = connection.execute("SELECT count(*) FROM codemem.record").fetchone()
        teams = connection.execute("SELECT id::text FROM codemem.team").fetchall()
        members = connection.execute("SELECT DISTINCT team::text FROM codemem.member").fetchall()
        devices = connection.execute("SELECT team::text FROM codemem.device").fetchall()
    assert found == (0,)
    assert (teams, members, devices) == ([(other,)], [(other,)], [])
    assert acme.member().team != other


def member_of_another_team(pg: Server) -> str:
    """Let mallory be in a team of her own; return its id."""
    other = str(uuid.uuid4())
    with pg.as_login(OWNER) as connection:
        connection.execute(
            "INSERT INTO codemem.team (id, name, claim_key) VALUES (%s, 'other', 'k')", (other,)
        )
        connection.execute(
            "INSERT INTO codemem.member VALUES (%s, %s, 'maintainer'), (%s, 'mallory', 'member')",
            (other, OWNER, other),
        )
        connection.execute("SELECT codemem.grant_rights('mallory')")
    return other


def forbidden(one: Home, victim: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what no member may do: statements and their values."""
    member = one.member()
    row = "INSERT INTO codemem.record (team, device, idx, author, role, kind, subject, hlc, body)"
    subject = str(uuid.uuid4())
    values = " VALUES (%s, %s, %s, %s, %s, 'memory', %s, %s, '{}')"
    own = (member.team, member.device)
    yield row + values, (*own, 90, victim, "member", subject, 1)
    yield row + values, (*own, 91, one.login, "maintainer", subject, 1)
    yield row + values, (member.team, str(uuid.uuid4()), 1, one.login, "member", subject, 1)
    yield row + values, (str(uuid.uuid4()), member.device, 1, one.login, "member", subject, 1)
    yield row + values, (*own, 92, one.login, "member", subject, 1 << 60)
    stamped = row.replace("body)", "body, stored_at)")
    yield (
        stamped + values.replace("'{}')", "'{}', now())"),
        (*own, 93, one.login, "member", subject, 1),
    )
    for statement in (
        "UPDATE codemem.record SET body = '{}'",
        "DELETE FROM codemem.record",
        "TRUNCATE codemem.record",
        "UPDATE codemem.member SET role = 'maintainer'",
        "INSERT INTO codemem.member SELECT team, 'carol', 'member' FROM codemem.member",
        "DELETE FROM codemem.device",
        "UPDATE codemem.team SET trusting = true",
        "SELECT codemem.add_member(id, 'carol', 'member') FROM codemem.team",
        "SELECT codemem.add_member(id, session_user, 'maintainer') FROM codemem.team",
        "SELECT codemem.remove_member(id, 'alice') FROM codemem.team",
        "SELECT codemem.grant_rights('carol')",
        "SELECT codemem.require_maintainer(id) FROM codemem.team",
        "ALTER TABLE codemem.record DISABLE ROW LEVEL SECURITY",
        "DROP POLICY readable ON codemem.record",
        "CREATE TABLE codemem.mine (id int)",
        "SET ROLE owner",
        "SET SESSION AUTHORIZATION alice",
    ):
        yield statement, ()


def test_what_no_member_may_do_is_refused(pg: Server, acme: Home, make_home: HomeMaker) -> None:
    """Writing for others, changing or deleting records, letting people in, switching rights off."""
    mallory = make_home("mallory")
    done = []
    for statement, values in forbidden(mallory, acme.login):
        with pg.as_login("mallory") as connection:
            try:
                connection.execute(statement.encode(), values)
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                done.append(f"{statement}: {error}")
            else:
                done.append(statement)
    assert done == []


def test_who_was_removed_reads_and_writes_no_more(pg: Server, acme: Home) -> None:
    """From the next statement on."""
    team = acme.member().team
    with pg.as_login(OWNER) as connection:
        connection.execute("SELECT codemem.remove_member(%s, 'bob')", (team,))
    with pg.as_login("bob") as connection:
        counts = readable(connection)
    counts = {query: rows for query, rows in counts.items() if "schema_version" not in query}
    assert set(counts.values()) == {0}


def test_doctor_finds_nothing_wrong(acme: Home) -> None:
    """On a server that is as we made it."""
    checks = examine(acme.store, acme.settings, None)

    assert [each for each in checks if not each.ok] == []
    assert len(checks) > 8
