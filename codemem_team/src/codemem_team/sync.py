"""One round with the team's server: push what waits, pull what is new."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apsw
import psycopg

from codemem_core.errors import CodememError
from codemem_core.store.engine.store import Store
from codemem_team import apply, client, keys, local, log, outbox, postgres, sealing, server_schema
from codemem_team.keys import NoKey
from codemem_team.local import Membership
from codemem_team.log import Record
from codemem_team.postgres import Head, Received, Sent

BATCH = 500
"""Records of one transaction of the server."""
APPLIED_AT_ONCE = 10
"""Records of one local transaction: each takes 4 ms to settle, and hooks wait meanwhile."""


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
    while store.write(outbox.take_some):
        pass
    one, heads = _refreshed(store, connection, team)
    if one.sealed:
        keys.refresh(store, connection, one)
    pushed, one = _push_all(store, connection, one, head=heads.get(one.device, 0))
    with store.read() as db:
        positions = local.positions(db, team)
    heads.pop(one.device, None)
    is_news = any(idx > positions.get(device, 0) for device, idx in heads.items())
    pulled = _pull_all(store, connection, one) if is_news else 0
    now_ms = time.time_ns() // 1_000_000
    store.write(lambda db: local.note_synced(db, team, now_ms=now_ms))
    return Round(pushed=pushed, pulled=pulled)


def _refreshed(
    store: Store, connection: psycopg.Connection[Any], team: str
) -> tuple[Membership, dict[str, int]]:
    """Return the membership as the server has it now, and what it has of each device.

    Raises when this login has left.
    """
    with client.transaction(connection) as cursor:
        server_schema.require_current(cursor)
        found = postgres.find_team(cursor, team)
        heads = postgres.heads(cursor, team)
    known = _membership(store, team)
    if found is None:
        raise CodememError(
            f"you are no member of `{known.name}` any more", hint="`codemem team leave`"
        )
    fresh = replace(known, role=found.role, trusting=found.trusting, login=found.login)
    if fresh != known:
        store.write(lambda db: _save(db, fresh))
    _note_heads(store, team, heads)
    return fresh, {device: head.idx for device, head in heads.items()}


def _note_heads(store: Store, team: str, heads: Mapping[str, Head]) -> None:
    """Keep what the server has of each device, for those who look while it is away."""
    with store.read() as db:
        known = local.heads(db, team)
    told = {device: (head.login, head.label, head.idx) for device, head in heads.items()}
    for device, head in told.items():
        if known.get(device) != head:
            store.write(partial(local.note_head, team=team, device=device, told=head))


def _save(db: apsw.Connection, fresh: Membership) -> None:
    local.save_membership(db, fresh)
    log.sign(db, fresh)


def _membership(store: Store, team: str) -> Membership:
    with store.read() as db:
        return next(each for each in local.memberships(db) if each.team == team)


# --- push ----------------------------------------------------------------------------------------


def _push_all(
    store: Store, connection: psycopg.Connection[Any], one: Membership, *, head: int
) -> tuple[int, Membership]:
    """Push what waits; return how many records were new, and the device that they are of.

    `head` is the last number that the server has of this device.
    """
    with store.read() as db:
        acknowledged = log.acknowledged(db, one)
    if head < acknowledged:
        store.write(lambda db: log.send_again(db, one, after=head))
    pushed, is_copy = 0, False
    while not is_copy and (batch := _queued(store, one)):
        answer = _push(connection, one, _wrapped(store, one, batch))
        store.write(partial(_acknowledge, one=one, answer=answer))
        pushed += len(answer.new)
        is_copy = bool(answer.taken)
    if not is_copy and head < _membership(store, one.team).next_idx:
        return pushed, one
    # The server has records under our numbers that we did not write: a copy of this database did.
    device = _new_device(store, connection, one)
    store.write(lambda db: log.become(db, one, device))
    more, one = _push_all(store, connection, _membership(store, one.team), head=0)
    return pushed + more, one


def _new_device(store: Store, connection: psycopg.Connection[Any], one: Membership) -> str:
    public_key = sealing.public_key(one.private_key) if one.private_key else None
    with store.read() as db:
        held = keys.known(db, one.team)
    with client.transaction(connection) as cursor:
        device = postgres.add_device(cursor, one.team, label="restored", public_key=public_key)
        if public_key:
            keys.give_all(cursor, one, held, device=device, public_key=public_key)
    return device


def _queued(store: Store, one: Membership) -> list[Record]:
    with store.read() as db:
        return log.queued(db, one, limit=BATCH)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of a batch, by number."""

    new: set[int]
    duplicate: set[int]
    """The server has had them."""
    taken: set[int]
    """The server has others under these numbers; then nothing of the batch was new."""


def _wrapped(store: Store, one: Membership, batch: Sequence[Record]) -> list[Sent]:
    """Return records as they go over the wire: as JSON, or sealed with the newest key."""
    if not one.sealed:
        return [Sent(record, None, postgres.plain_body(record)) for record in batch]
    with store.read() as db:
        key_id, key = max(keys.known(db, one.team).items())
    return [
        Sent(record, key_id, sealing.seal(one.team, record, postgres.plain_body(record), key=key))
        for record in batch
    ]


def _push(connection: psycopg.Connection[Any], one: Membership, sent: Sequence[Sent]) -> _Answer:
    with client.transaction(connection) as cursor:
        new = postgres.push(cursor, one, sent)
        known = {each.record.idx: (each.record.subject, each.record.hlc) for each in sent}
        old = postgres.stored(cursor, one, sorted(known.keys() - new))
        same = {idx for idx, what in old.items() if what == known[idx]}
        taken = known.keys() - new - same
        if taken:
            raise psycopg.Rollback
        return _Answer(new, same, set())
    return _Answer(set(), same, taken)


def _acknowledge(db: apsw.Connection, one: Membership, answer: _Answer) -> None:
    log.mark(db, one, answer.new, "stored")
    log.mark(db, one, answer.duplicate, "duplicate")


# --- pull ----------------------------------------------------------------------------------------


def _pull_all(store: Store, connection: psycopg.Connection[Any], one: Membership) -> int:
    pulled = 0
    while True:
        with store.read() as db:
            positions = local.positions(db, one.team)
            held = keys.known(db, one.team)
        with client.transaction(connection) as cursor:
            received = postgres.pull(cursor, one, positions, limit=BATCH)
        if not received:
            return pulled
        _require_no_gap(received, positions)
        records = [_opened(each, one, held) for each in received]
        for at in range(0, len(records), APPLIED_AT_ONCE):
            some = records[at : at + APPLIED_AT_ONCE]
            pulled += store.write(partial(_apply, one=one, records=some))


def _require_no_gap(received: Sequence[Received], positions: Mapping[str, int]) -> None:
    expected = dict(positions)
    for each in received:
        device, idx = each.record.device, each.record.idx
        if idx != expected.get(device, 0) + 1:
            raise Gap(f"record {expected.get(device, 0) + 1} of device {device} is missing")
        expected[device] = idx


def _opened(received: Received, one: Membership, held: Mapping[int, bytes]) -> Record:
    """Return a record with its body; one that cannot be read has the reason.

    Raises `NoKey` for one under a key that this machine has not been given yet.
    """
    record, text = received.record, received.body
    if one.sealed:
        if received.key_id is None:
            return replace(record, reason="it is not sealed, and this team's records are")
        if received.key_id not in held:
            raise NoKey(
                f"this machine lacks key {received.key_id} of `{one.name}`",
                hint=f"a maintainer runs `codemem team approve {one.device[:8]}`",
            )
        opened = sealing.unseal(one.team, record, text, key=held[received.key_id])
        if opened is None:
            return replace(record, reason="it cannot be opened: it was changed or moved")
        text = opened
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return replace(record, body=body)
    return replace(record, reason="its body is no JSON object")


def _apply(db: apsw.Connection, one: Membership, records: Sequence[Record]) -> int:
    now_ms = time.time_ns() // 1_000_000
    new = apply.receive(db, one, records, now_ms=now_ms)
    for record in records:
        local.move_to(db, one.team, record.device, record.idx, login=record.author)
    return new
