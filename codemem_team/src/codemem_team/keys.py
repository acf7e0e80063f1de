"""A sealed team's keys: which this machine has, and how devices come by them.

A key reaches a device in two ways: a person approves the device, or types the recovery phrase in
front of it. The server only carries wrapped keys. Devices that had a key when this machine first
saw them are remembered with their public keys; only those, and approved ones, get the next key.
"""

from __future__ import annotations

from typing import Any

import apsw
import psycopg

from codemem_core.errors import CodememError, InputError, NotFound
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_team import client, postgres, sealing
from codemem_team.client import Cursor
from codemem_team.local import Membership
from codemem_team.postgres import Device

RECOVERY = "00000000-0000-0000-0000-000000000000"
"""Stands for the recovery phrase among the devices that a key is wrapped for."""


class NoKey(CodememError):
    """A machine cannot read or write its team's records yet."""


def known(db: apsw.Connection, team: str) -> dict[int, bytes]:
    """Return the keys this machine has, by number; the highest one seals."""
    found = rows(db, "SELECT key_id, key FROM team_keys WHERE team = ? ORDER BY key_id", (team,))
    return dict(found)


def keep(db: apsw.Connection, team: str, key_id: int, key: bytes) -> None:
    """Remember a key."""
    query = "INSERT INTO team_keys (team, key_id, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    db.execute(query, (team, key_id, key))


def refresh(store: Store, connection: psycopg.Connection[Any], one: Membership) -> dict[int, bytes]:
    """Take the keys that were wrapped for this machine since; raises `NoKey` when there is none."""
    assert one.private_key is not None
    with client.transaction(connection) as cursor:
        wrapped = postgres.wrapped_keys(cursor, one.team, one.device)
        devices = postgres.devices(cursor, one.team)
    store.write(lambda db: _pin(db, one.team, [each for each in devices if each.has_key]))
    for key_id, box in wrapped.items():
        key = sealing.unwrap(box, one.private_key)
        if key is not None:
            store.write(lambda db, key_id=key_id, key=key: keep(db, one.team, key_id, key))  # type: ignore[misc]
    with store.read() as db:
        found = known(db, one.team)
    if not found:
        raise NoKey(
            f"this machine waits for the key of `{one.name}`",
            hint=f"a maintainer or another machine of yours runs `codemem team approve"
            f" {one.device[:8]}` and compares: {sealing.fingerprint(_own_public(one))}",
        )
    return found


def make_first(cursor: Cursor, one: Membership, *, recovery_private: bytes) -> bytes:
    """Make the first key of a team, wrapped for this machine and for the recovery phrase."""
    assert one.private_key is not None
    key = sealing.new_team_key()
    for device, private in ((one.device, one.private_key), (RECOVERY, recovery_private)):
        box = sealing.wrap(key, sealing.public_key(private))
        postgres.give_key(cursor, one.team, 1, device, box)
    return key


def recover(cursor: Cursor, one: Membership, phrase: str) -> dict[int, bytes]:
    """Unwrap every key of the team with its recovery phrase, and give them to this machine."""
    private = sealing.private_key_of(phrase)
    boxes = postgres.wrapped_keys(cursor, one.team, RECOVERY)
    found = {key_id: sealing.unwrap(box, private) for key_id, box in boxes.items()}
    keys = {key_id: key for key_id, key in found.items() if key is not None}
    if not keys:
        raise InputError("this is the recovery phrase of another team")
    give_all(cursor, one, keys, device=one.device, public_key=_own_public(one))
    return keys


def approve(cursor: Cursor, one: Membership, keys: dict[int, bytes], wanted: str) -> Device:
    """Give every key to a device that a person vouches for; return it. Raises `NotFound`."""
    device = waiting_device(cursor, one.team, wanted)
    assert device.public_key is not None
    give_all(cursor, one, keys, device=device.device, public_key=device.public_key)
    return device


def waiting_device(cursor: Cursor, team: str, wanted: str) -> Device:
    """Return the device whose uuid begins so; raises `NotFound` unless it is one, with a key."""
    found = [
        each
        for each in postgres.devices(cursor, team)
        if each.device.startswith(wanted) and each.public_key is not None
    ]
    if len(found) != 1:
        raise NotFound(f"no such device: `{wanted}`", hint="`codemem team devices` lists them")
    return found[0]


def give_all(
    cursor: Cursor, one: Membership, keys: dict[int, bytes], *, device: str, public_key: bytes
) -> None:
    """Wrap every key for a device."""
    for key_id, key in keys.items():
        postgres.give_key(cursor, one.team, key_id, device, sealing.wrap(key, public_key))


def rotate(
    cursor: Cursor, one: Membership, keys: dict[int, bytes], pinned: dict[str, bytes]
) -> tuple[int, bytes, list[Device]]:
    """Make the next key, for the devices of members that this machine knows by their public keys.

    Return its number, the key, and the devices that did not get it.
    """
    key_id, key = max(keys) + 1, sealing.new_team_key()
    recovery = postgres.recovery_key(cursor, one.team)
    postgres.give_key(cursor, one.team, key_id, RECOVERY, sealing.wrap(key, recovery))
    left_out = []
    for each in postgres.devices(cursor, one.team):
        if each.is_member and each.public_key and pinned.get(each.device) == each.public_key:
            box = sealing.wrap(key, each.public_key)
            postgres.give_key(cursor, one.team, key_id, each.device, box)
        elif each.is_member:
            left_out.append(each)
    return key_id, key, left_out


def pinned(db: apsw.Connection, team: str) -> dict[str, bytes]:
    """Return the public keys this machine knows devices by."""
    query = "SELECT device, public_key FROM team_pins WHERE team = ?"
    return dict(rows(db, query, (team,)))


def pin(db: apsw.Connection, team: str, device: Device) -> None:
    """Know a device by its public key from now on: a person vouched for it."""
    query = "INSERT OR REPLACE INTO team_pins (team, device, public_key) VALUES (?, ?, ?)"
    db.execute(query, (team, device.device, device.public_key))


def _pin(db: apsw.Connection, team: str, devices: list[Device]) -> None:
    """Remember devices that have the key; one that has another public key now is not believed."""
    db.executemany(
        "INSERT INTO team_pins (team, device, public_key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(team, each.device, each.public_key) for each in devices if each.public_key],
    )


def _own_public(one: Membership) -> bytes:
    assert one.private_key is not None
    return sealing.public_key(one.private_key)
