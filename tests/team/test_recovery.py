"""Backups that are restored, databases that are copied, transactions that come late."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import apsw
import psycopg
from team.homes import OWNER, Home, Server

from codemem_team import log, postgres
from codemem_team.postgres import Sent

HomeMaker = Callable[..., Home]


def copy_of(home: Home, path: Path) -> Home:
    """Copy a home's database, as a backup does."""
    path.parent.mkdir()
    with contextlib.closing(apsw.Connection(home.store.path)) as db:
        db.execute("VACUUM INTO ?", (str(path),))
    return Home.open(path, str(home.settings.text("team_url")), home.login)


def test_a_machine_restored_from_a_backup_loses_and_doubles_nothing(
    make_home: HomeMaker, tmp_path: Path
) -> None:
    """It gets what it has forgotten back from the log, and goes on under another number."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    restored = copy_of(alice, tmp_path / "backup" / "mem.sqlite")
    alice.remember("Dates are stored in UTC")
    alice.sync()

    restored.remember("Retries stop after five attempts")
    for home in (restored, bob, restored):
        home.sync()

    everything = [
        "Dates are stored in UTC",
        "Exports round VAT once per rate",
        "Retries stop after five attempts",
    ]
    assert restored.titles() == bob.titles() == everything
    assert restored.history() == bob.history()
    restored.store.close()


def test_a_backup_whose_records_had_been_pushed_sends_them_once(
    make_home: HomeMaker, tmp_path: Path
) -> None:
    """They waited in the backup; the server has them."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    restored = copy_of(alice, tmp_path / "backup" / "mem.sqlite")
    alice.sync()

    moved = restored.sync()
    bob.sync()

    assert moved.pushed == 0
    assert bob.titles() == ["Exports round VAT once per rate"]
    restored.store.close()


def test_two_copies_of_a_database_both_arrive(make_home: HomeMaker, tmp_path: Path) -> None:
    """Somebody copied a home to a second machine: both use the same numbers."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    twin = copy_of(alice, tmp_path / "twin" / "mem.sqlite")

    alice.remember("Exports round VAT once per rate")
    twin.remember("Dates are stored in UTC")
    for home in (alice, twin, bob, alice):
        home.sync()

    everything = ["Dates are stored in UTC", "Exports round VAT once per rate"]
    assert alice.titles() == twin.titles() == bob.titles() == everything
    twin.store.close()


def test_a_server_restored_from_a_backup_gets_everything_again(
    pg: Server, make_home: HomeMaker
) -> None:
    """Machines send what it has no more."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    for title in ("Exports round VAT once per rate", "Dates are stored in UTC"):
        alice.remember(title)
    alice.sync()
    bob.sync()
    with psycopg.connect(pg.url("postgres"), autocommit=True) as connection:
        connection.execute("DELETE FROM codemem.record WHERE idx > 1")

    alice.remember("Retries stop after five attempts")
    alice.sync()
    bob.sync()

    assert pg.count() == 3
    assert alice.history() == bob.history()


def late_transaction(pg: Server, alice: Home, bob: Home, carol: Home) -> None:
    """Let alice's push hang while bob's is committed and carol pulls; it is committed then."""
    for home in (alice, bob):
        home.share()
        home.remember(f"A fact of {home.login} and of nobody else")
        home.store.write(_take)
    one = alice.member()
    with psycopg.connect(pg.url("alice")) as connection:
        with alice.store.read() as db:
            batch = _waiting(db, alice)
        with connection.cursor() as cursor:
            postgres.push(cursor, one, batch)
            bob.sync()
            carol.sync()
        connection.commit()
    carol.sync()


def _take(db: object) -> None:
    from codemem_team import outbox  # noqa: PLC0415

    outbox.take_waiting(db)  # type: ignore[arg-type]


def _waiting(db: object, home: Home) -> list[Sent]:

    found = log.queued(db, home.member(), limit=10)  # type: ignore[arg-type]
    return [Sent(record, None, postgres.plain_body(record)) for record in found]


def test_a_transaction_that_is_committed_late_is_received(pg: Server, make_home: HomeMaker) -> None:
    """Whatever was received meanwhile."""
    alice, bob, carol = (make_home(login) for login in ("alice", "bob", "carol"))

    late_transaction(pg, alice, bob, carol)

    assert carol.titles() == [
        "A fact of alice and of nobody else",
        "A fact of bob and of nobody else",
    ]


def test_a_push_whose_answer_was_lost_is_sent_again_and_counted_once(
    pg: Server, make_home: HomeMaker
) -> None:
    """The machine does not know that it was committed."""
    alice, bob, carol = (make_home(login) for login in ("alice", "bob", "carol"))
    late_transaction(pg, alice, bob, carol)

    moved = alice.sync()

    assert moved.pushed == 0
    assert pg.count() == 2


def test_a_newer_server_is_refused_and_an_older_one_named(pg: Server, make_home: HomeMaker) -> None:
    """Neither is written to."""
    alice = make_home("alice")
    problems = []
    for change in ("INSERT INTO codemem.schema_version VALUES (99)",
                   "DELETE FROM codemem.schema_version"):  # fmt: skip
        with pg.as_login(OWNER) as connection:
            connection.execute(change.encode())
        try:
            alice.sync()
        except Exception as error:  # noqa: BLE001
            problems.append(str(error))

    assert [problem.partition(":")[0] for problem in problems] == [
        "the team's server is newer than this codemem",
        "the team's server has an older schema",
    ]
