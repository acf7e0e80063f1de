"""A team whose server cannot read what it stores."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from team.fleet import words
from team.homes import OWNER, Home, Server

from codemem_core.errors import InputError
from codemem_core.store.engine.connection import rows
from codemem_team import client, joining, keys, postgres, sealing
from codemem_team.doctor import examine
from codemem_team.joining import NewTeam
from codemem_team.keys import NoKey

Sealed = Callable[[str], Home]


@pytest.fixture
def recovery(pg: Server) -> bytes:
    """Make a sealed team and return its recovery key."""
    found = joining.make_team(pg.settings_of(OWNER), NewTeam(name="acme", sealed=True))
    assert found is not None
    return found


@pytest.fixture
def open_home(pg: Server, recovery: bytes, tmp_path: Path) -> Iterator[Sealed]:
    """Make machines of the sealed team; the owner's, the first, has its key."""
    homes: list[Home] = []

    def make(login: str) -> Home:
        if login != OWNER:
            pg.add_member(login, "member")
        home = Home.open(tmp_path / f"{len(homes)}" / "mem.sqlite", pg.url(login), login)
        first = None if homes else recovery
        joining.take_part(home.store, home.settings, "acme", label=login, recovery=first)
        homes.append(home)
        return home

    yield make
    for home in homes:
        home.store.close()


def approve(by: Home, newcomer: Home) -> None:
    """Give a machine the team's keys, as a person does who compared its fingerprint."""
    with by.store.read() as db:
        held = keys.known(db, by.member().team)
    with client.connected(by.settings) as connection, client.transaction(connection) as cursor:
        found = keys.approve(cursor, by.member(), held, newcomer.member().device[:8])
    by.store.write(lambda db: keys.pin(db, by.member().team, found))


def test_an_approved_machine_reads_what_is_sealed(open_home: Sealed) -> None:
    """Before that it waits, and says for what."""
    owner = open_home(OWNER)
    owner.share()
    owner.remember("Exports round VAT once per rate")
    owner.sync()
    alice = open_home("alice")
    with pytest.raises(NoKey, match="waits for the key"):
        alice.sync()

    approve(owner, alice)
    alice.sync()

    assert alice.titles() == ["Exports round VAT once per rate"]


def test_a_dump_of_the_server_holds_no_word(pg: Server, open_home: Sealed) -> None:
    """Of a thousand made-up words in title, body, edit and forgotten memory: none."""
    owner = open_home(OWNER)
    owner.share()
    chance = random.Random(5)
    canaries = words(chance, 1_000).split()
    for at in range(0, 1_000, 50):
        owner.remember(" ".join(canaries[at : at + 8]), " ".join(canaries[at + 8 : at + 50]))
    owner.sync()

    dump = pg.dump()

    assert b"codemem.record" in dump
    # `pg_dump` writes bytes as hexadecimal digits.
    assert [word for word in canaries if word.encode() in dump] == []
    assert [word for word in canaries if word.encode().hex().encode() in dump] == []
    assert [each.text for each in examine(owner.store, owner.settings, None) if not each.ok] == []


def test_doctor_sees_plain_text_on_the_server(pg: Server, open_home: Sealed) -> None:
    """Whoever wrote it there; a machine that receives it believes nothing of it."""
    owner = open_home(OWNER)
    owner.share()
    owner.remember("Exports round VAT once per rate")
    owner.sync()
    alice = open_home("alice")
    approve(owner, alice)
    with psycopg.connect(pg.url("postgres"), autocommit=True) as connection:
        connection.execute("UPDATE codemem.record SET key_id = NULL, body = 'Exports round VAT'")

    problems = [each.text for each in examine(owner.store, owner.settings, None) if not each.ok]
    alice.sync()

    assert problems[-2:] == [
        "records on the server that are not sealed: 1",
        "of 1 words of shared memories, the server's records hold 1",
    ]
    assert alice.titles() == []


@pytest.mark.parametrize(
    "change",
    ["role = 'maintainer'", "author = 'alice'", "hlc = hlc + 1", "subject = gen_random_uuid()"],
)
def test_the_server_cannot_pass_a_record_off_as_another(
    pg: Server, open_home: Sealed, change: str
) -> None:
    """Its author, role, time and memory are part of the seal."""
    owner = open_home(OWNER)
    alice, bob = open_home("alice"), open_home("bob")
    for home in (alice, bob):
        approve(owner, home)
    alice.share()
    alice.sync()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    with psycopg.connect(pg.url("postgres"), autocommit=True) as connection:
        done = connection.execute(f"UPDATE codemem.record SET {change}".encode())
        assert done.rowcount == 1

    bob.sync()

    with bob.store.read() as db:
        found = rows(db, "SELECT state, reason FROM team_records")
    expected = ("quarantined", "it cannot be opened: it was changed or moved")
    assert found == ([("applied", "")] if change == "author = 'alice'" else [expected])


def test_who_left_cannot_open_what_comes_after(pg: Server, open_home: Sealed) -> None:
    """Even with a copy of the whole server: the new key was not wrapped for them."""
    owner, alice, bob = open_home(OWNER), open_home("alice"), open_home("bob")
    for home in (alice, bob):
        approve(owner, home)
        home.sync()
    owner.sync()
    with pg.as_login(OWNER) as connection:
        team = owner.member().team
        connection.execute("SELECT codemem.remove_member(%s, 'alice')", (team,))

    left_out = joining.rotate(owner.store, owner.settings, owner.member())
    owner.share()
    owner.remember("Exports round VAT once per rate")
    owner.sync()
    bob.sync()

    assert left_out == []
    assert bob.titles() == ["Exports round VAT once per rate"]
    with (
        psycopg.connect(pg.url("postgres"), autocommit=True) as connection,
        connection.cursor() as ask,
    ):
        for_alice = postgres.wrapped_keys(ask, team, alice.member().device)
        sealed_with = ask.execute("SELECT DISTINCT key_id FROM codemem.record").fetchall()
    assert (list(for_alice), sealed_with) == ([1], [(2,)])


def test_the_recovery_phrase_opens_everything(recovery: bytes, open_home: Sealed) -> None:
    """On a new machine, when all others are lost, keys from before and after a rotation."""
    owner = open_home(OWNER)
    owner.share()
    owner.remember("Exports round VAT once per rate")
    owner.sync()
    joining.rotate(owner.store, owner.settings, owner.member())
    owner.remember("Dates are stored in UTC")
    owner.sync()
    phrase = sealing.phrase_of(recovery)

    rescued = open_home(OWNER)
    joining.recover(rescued.store, rescued.settings, rescued.member(), phrase.lower())
    rescued.sync()

    assert rescued.titles() == ["Dates are stored in UTC", "Exports round VAT once per rate"]


def test_a_mistyped_phrase_is_named() -> None:
    """One letter is enough."""
    phrase = sealing.phrase_of(b"k" * 32)
    assert sealing.private_key_of(phrase) == b"k" * 32

    wrong = ("A" if phrase[0] != "A" else "B") + phrase[1:]
    with pytest.raises(InputError, match="mistyped"):
        sealing.private_key_of(wrong)
