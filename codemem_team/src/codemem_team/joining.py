"""How a machine comes to take part in a team, and how it ends that."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import apsw

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.store import changes, memories, tombstones
from codemem_core.store.engine.store import Store
from codemem_team import client, keys, local, outbox, postgres, sealing, server_schema, subjects
from codemem_team.client import Cursor
from codemem_team.local import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTeam:
    """What a team is to be."""

    name: str
    trusting: bool = False
    """What any member wrote is injected without a confirmation."""
    sealed: bool = False
    """The server cannot read what it stores."""
    maintainer: str = ""
    """The login of its first maintainer; empty: the owner's."""


def make_team(settings: Settings, new: NewTeam) -> bytes | None:
    """Make the tables, or upgrade them, and a team; return the recovery key of a sealed one.

    A team that is there stays as it is. Needs a login that owns the database.
    """
    recovery = sealing.new_private_key() if new.sealed else None
    with client.connected(settings) as connection:
        server_schema.upgrade(connection)
        with client.transaction(connection) as cursor:
            if postgres.find_team(cursor, new.name) is not None:
                return None
            postgres.create_team(
                cursor,
                new.name,
                trusting=new.trusting,
                claim_key=secrets.token_bytes(32),
                recovery_key=sealing.public_key(recovery) if recovery else None,
                maintainer=new.maintainer,
            )
    return recovery


def take_part(
    store: Store, settings: Settings, name: str, *, label: str, recovery: bytes | None = None
) -> Membership:
    """Make this database a device of a team; raises `CodememError`.

    `recovery` is that of a sealed team which was just made: then this machine makes its first key.
    """
    with store.read() as db:
        if any(each.name == name for each in local.memberships(db)):
            raise InputError(f"this machine is in `{name}` already")
    with client.connected(settings) as connection, client.transaction(connection) as cursor:
        one = _register(cursor, name, label=label)
        key = keys.make_first(cursor, one, recovery_private=recovery) if recovery else None
    store.write(lambda db: _save(db, one, key))
    return one


def _register(cursor: Cursor, name: str, *, label: str) -> Membership:
    server_schema.require_current(cursor)
    found = postgres.find_team(cursor, name)
    if found is None:
        raise CodememError(
            f"no team `{name}` that your login is a member of",
            hint="a maintainer runs `codemem team add LOGIN`",
        )
    private = sealing.new_private_key() if found.sealed else None
    public = sealing.public_key(private) if private else None
    return Membership(
        team=found.id,
        name=found.name,
        login=found.login,
        role=found.role,
        device=postgres.add_device(cursor, found.id, label=label, public_key=public),
        next_idx=1,
        sealed=found.sealed,
        trusting=found.trusting,
        claim_key=found.claim_key,
        private_key=private,
    )


def _save(db: apsw.Connection, one: Membership, key: bytes | None) -> None:
    local.ensure_tables(db)
    local.save_membership(db, one)
    if key is not None:
        keys.keep(db, one.team, 1, key)
    tombstones.share_key(db, one.team, one.claim_key)
    changes.follow(db, outbox.FOLLOWER)


def recover(store: Store, settings: Settings, one: Membership, phrase: str) -> None:
    """Give this machine every key of a sealed team, by its recovery phrase."""
    with client.connected(settings) as connection, client.transaction(connection) as cursor:
        found = keys.recover(cursor, one, phrase)
    for key_id, key in found.items():
        store.write(lambda db, key_id=key_id, key=key: keys.keep(db, one.team, key_id, key))  # type: ignore[misc]


def rotate(store: Store, settings: Settings, one: Membership) -> list[postgres.Device]:
    """Seal what comes with a new key; return the devices of members that were not given it."""
    with store.read() as db:
        held, pinned = keys.known(db, one.team), keys.pinned(db, one.team)
    with client.connected(settings) as connection, client.transaction(connection) as cursor:
        key_id, key, left_out = keys.rotate(cursor, one, held, pinned)
    store.write(lambda db: keys.keep(db, one.team, key_id, key))
    return left_out


def leave(db: apsw.Connection, one: Membership, *, forget: bool) -> int:
    """End this machine's part in a team; return how many memories of teammates were forgotten."""
    outbox.take_waiting(db)
    theirs = subjects.memories_of_others(db, one) if forget else []
    now_ms = time.time_ns() // 1_000_000
    with changes.made_by(db, outbox.FOLLOWER):
        for memory_id in theirs:
            memories.forget(db, memory_id, now_ms=now_ms)
    local.drop(db, one.team)
    tombstones.forget_key(db, one.team)
    if not local.memberships(db):
        changes.unfollow(db, outbox.FOLLOWER)
    return len(theirs)
