"""Bugs planted in the product: each must turn a check of the other tests red."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import apsw
import psycopg
import pytest
from team.fleet import Ledger, Machine, assert_in_step, settle
from team.homes import Home, Server
from team.test_apply import distilled_again
from team.test_recovery import late_transaction
from team.test_rights import member_of_another_team

from codemem_core.distil import manual
from codemem_core.records.change import Change
from codemem_core.store import tombstones
from codemem_team import outbox, postgres
from codemem_team.doctor import examine

HomeMaker = Callable[..., Home]

_NAIVE_PULL = """
    SELECT r.device::text, r.idx, r.author::text, r.role, r.kind, r.subject::text, r.hlc,
           r.key_id, r.body
      FROM codemem.record r
     WHERE r.team = %(team)s AND r.device <> %(own)s
       AND r.stored_at > (
           SELECT coalesce(max(s.stored_at), '-infinity')
             FROM codemem.record s
             JOIN unnest(%(devices)s::uuid[], %(idxs)s::bigint[]) AS known(device, idx)
               ON s.device = known.device AND s.idx = known.idx
            WHERE s.team = %(team)s)
     ORDER BY r.stored_at LIMIT %(limit)s
"""
"""One position for all devices, by the time at which a record was written."""


def test_one_position_for_all_devices_loses_a_late_transaction(
    pg: Server, make_home: HomeMaker
) -> None:
    """The check of late transactions sees it."""
    alice, bob, carol = (make_home(login) for login in ("alice", "bob", "carol"))

    with mock.patch.object(postgres, "_PULL", _NAIVE_PULL):
        late_transaction(pg, alice, bob, carol)

    assert carol.titles() == ["A fact of bob and of nobody else"]


def test_a_partition_without_policies_is_found(pg: Server, make_home: HomeMaker) -> None:
    """By the doctor; and a login with rights on it reads everything."""
    alice = make_home("alice")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    member_of_another_team(pg)
    with psycopg.connect(pg.url("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT tableoid::regclass::text FROM codemem.record").fetchone()
        (partition,) = found or ("",)
        connection.execute(f"GRANT SELECT ON {partition} TO mallory".encode())
        before = rows_seen(pg, str(partition))
        connection.execute(f"ALTER TABLE {partition} DISABLE ROW LEVEL SECURITY".encode())

    assert (before, rows_seen(pg, str(partition))) == (0, 1)
    problems = [each.text for each in examine(alice.store, alice.settings, None) if not each.ok]
    assert problems == [f"tables without policies: {str(partition).partition('.')[2]}"]


def rows_seen(pg: Server, table: str) -> int:
    """Return how many rows of a table mallory reads."""
    with pg.as_login("mallory") as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(str((found or (0,))[0]))


def worked(pg: Server, homes: Sequence[Home]) -> Ledger:
    """Let machines work for a while, one after the other."""
    del pg
    ledger = Ledger()
    machines = [Machine(home, random.Random(n)) for n, home in enumerate(homes)]
    for machine in machines * 12:
        ledger.read(machine.step())
    return ledger


def test_machines_that_work_are_in_step(pg: Server, make_home: HomeMaker) -> None:
    """Without a planted bug."""
    homes = two_homes(make_home)

    ledger = worked(pg, homes)

    settle(homes)
    assert_in_step(pg, homes, ledger)


def two_homes(make_home: HomeMaker) -> list[Home]:
    """Have two machines that share a project."""
    homes = [make_home("alice"), make_home("bob")]
    for home in homes:
        home.share()
    return homes


def test_a_lost_row_of_the_outbox_is_seen(pg: Server, make_home: HomeMaker) -> None:
    """Every tenth change does not become a record."""
    homes = two_homes(make_home)
    take = outbox._Team.take
    seen = 0

    def lose(self: Any, change: Change) -> None:
        nonlocal seen
        seen += 1
        if seen % 10:
            take(self, change)

    with mock.patch.object(outbox._Team, "take", lose):
        ledger = worked(pg, homes)
        settle(homes)

    with pytest.raises(AssertionError):
        assert_in_step(pg, homes, ledger)


def test_a_statement_that_comes_back_is_seen(pg: Server, make_home: HomeMaker) -> None:
    """Where no tombstone is left of what a teammate forgot before this machine joined."""
    del pg
    alice = make_home("alice")
    alice.share()
    memory = alice.remember("The staging database listens on port 6432", "It is behind pgbouncer.")
    alice.sync()
    manual.forget(alice.store, memory, by="cli")
    alice.sync()

    def forget_nothing(db: apsw.Connection, *_: object, **__: object) -> None:
        del db

    with mock.patch.object(tombstones, "bury_foreign", forget_nothing):
        bob = make_home("bob")
        bob.sync()

    assert distilled_again(bob) is not None
