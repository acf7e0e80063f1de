"""One round with the team's server: push what waits, pull what is new."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apsw
import psycopg

from codemem_core.errors import CodememError
from codemem_core.store.engine.store import Store
from codemem_team import apply, local, outbox, postgres
from codemem_team.local import Membership, Record
from codemem_team.postgres import Received, Sent

BATCH = 500
"""Records of one transaction, on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round moved."""

    pushed: int = 0
    pulled: int = 0


class Gap(CodememError):
    """The server lacks a record between two that it has."""

    hint = "`codemem team doctor` says more"


def sync(store: Store, connection: psycopg.Connection[Any], team: str) -> Round:
    """Push and pull until nothing is left; no local transaction is open while the server works."""
    store.write(outbox.take_waiting)
    one = _refreshed(store, connection, team)
    pushed = _push_all(store, connection, one)
    pulled = _pull_all(store, connection, one)
    now_ms = time.time_ns() // 1_000_000
    store.write(lambda db: local.note_synced(db, team, now_ms=now_ms))
    return Round(pushed=pushed, pulled=pulled)


def _refreshed(store: Store, connection: psycopg.Connection[Any], team: str) -> Membership:
    """Return the membership as the server has it now; raises when this login has left."""
    with postgres.transaction(connection) as cursor:
        postgres.require_current(cursor)
        found = postgres.find_team(cursor, team)
    with store.read() as db:
        known = next(each for each in local.memberships(db) if each.team == team)
    if found is None:
        raise CodememError(
            f"you are no member of `{known.name}` any more", hint="`codemem team leave`"
        )
    fresh = replace(known, role=found.role, trusting=found.trusting, login=found.login)
    if fresh != known:
        store.write(lambda db: local.save_membership(db, fresh))
    return fresh


def _push_all(store: Store, connection: psycopg.Connection[Any], one: Membership) -> int:
    pushed = 0
    while True:
        with store.read() as db:
            batch = local.queued(db, one, limit=BATCH)
        if not batch:
            return pushed
        new = _push(connection, one, batch)
        store.write(partial(_acknowledge, one=one, batch=batch, new=new))
        pushed += len(new)


def _push(connection: psycopg.Connection[Any], one: Membership, batch: list[Record]) -> set[int]:
    sent = [Sent(record, None, postgres.plain_body(record)) for record in batch]
    with postgres.transaction(connection) as cursor:
        return postgres.push(cursor, one, sent)


def _acknowledge(db: apsw.Connection, one: Membership, batch: list[Record], new: set[int]) -> None:
    local.mark(db, one, new, "stored")
    local.mark(db, one, {record.idx for record in batch} - new, "duplicate")


def _pull_all(store: Store, connection: psycopg.Connection[Any], one: Membership) -> int:
    pulled = 0
    while True:
        with store.read() as db:
            positions = local.positions(db, one.team)
        with postgres.transaction(connection) as cursor:
            received = postgres.pull(cursor, one, positions, limit=BATCH)
        if not received:
            return pulled
        _require_no_gap(received, positions)
        records = [_opened(each) for each in received]
        pulled += store.write(partial(_apply, one=one, records=records))


def _require_no_gap(received: list[Received], positions: dict[str, int]) -> None:
    expected = dict(positions)
    for each in received:
        device, idx = each.record.device, each.record.idx
        if idx != expected.get(device, 0) + 1:
            raise Gap(f"record {expected.get(device, 0) + 1} of device {device} is missing")
        expected[device] = idx


def _opened(received: Received) -> Record:
    try:
        body = json.loads(received.body)
    except ValueError:
        body = None
    return replace(received.record, body=body if isinstance(body, dict) else {})


def _apply(db: apsw.Connection, one: Membership, records: list[Record]) -> int:
    now_ms = time.time_ns() // 1_000_000
    new = apply.receive(db, one, records, now_ms=now_ms)
    for record in records:
        local.move_to(db, one.team, record.device, record.idx, login=record.author)
    return new
