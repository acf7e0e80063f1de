"""Who is in a team, which machines they have, and who is given its key."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.errors import InputError
from codemem_team import client, joining, keys, local, postgres, sealing
from codemem_team.local import Membership
from codemem_team.postgres import Device

team_option = click.option("--team", "name", help="Which team, where there are several.")


@click.command
@click.argument("login")
@click.option("--maintainer", is_flag=True, help="May add members and confirm for all.")
@team_option
@json_option
@db_option
@pass_host
def add(
    host: Host,
    login: str,
    *,
    maintainer: bool,
    name: str | None,
    as_json: bool,
    db_path: str | None,
) -> None:
    """Let a PostgreSQL login take part in the team; whoever owns the server makes the login.

    Example: codemem team add alice
    """
    role = "maintainer" if maintainer else "member"
    call = "SELECT codemem.add_member(%s, %s, %s)"
    _change(host, _membership(host, name, db_path), call, (login, role))
    if as_json:
        say_json({"login": login, "role": role})
    else:
        say(f"{login} is a {role} now")


@click.command
@click.argument("login")
@team_option
@json_option
@db_option
@pass_host
def remove(host: Host, login: str, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """End a member's access: new records stop, what they have stays theirs.

    A sealed team gets a new key, which the member's machines are not given.

    Example: codemem team remove alice
    """
    one = _membership(host, name, db_path)
    _change(host, one, "SELECT codemem.remove_member(%s, %s)", (login,))
    left_out = _rotate(host, one, db_path) if one.sealed else []
    if as_json:
        say_json({"login": login, "role": None, "rotated": one.sealed})
        return
    say(f"{login} reads and writes nothing of the team any more")
    _say_left_out(left_out)


@click.command
@team_option
@json_option
@db_option
@pass_host
def devices(host: Host, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """List the team's machines, and what to compare before one is approved.

    Example: codemem team devices
    """
    one = _membership(host, name, db_path)
    with client.connected(host.settings) as connection, client.transaction(connection) as ask:
        found = postgres.devices(ask, one.team)
    if as_json:
        say_json({"devices": [_device_json(each) for each in found]})
        return
    for each in found:
        state = "" if each.is_member else ", left"
        if each.public_key:
            state += f", {sealing.fingerprint(each.public_key)}" + ", no key" * (not each.has_key)
        say(f"{each.device[:8]}  {each.login} {each.label}{state}")


def _device_json(each: Device) -> dict[str, object]:
    told = sealing.fingerprint(each.public_key) if each.public_key else None
    return {**asdict(each), "public_key": None, "fingerprint": told}


@click.command
@click.argument("device")
@click.option("--fingerprint", help="What the machine shows. [default: ask]")
@team_option
@json_option
@db_option
@pass_host
def approve(
    host: Host,
    device: str,
    *,
    fingerprint: str | None,
    name: str | None,
    as_json: bool,
    db_path: str | None,
) -> None:
    """Give a sealed team's keys to a machine, once its fingerprint was compared.

    Example: codemem team approve 3f2a91c0
    """
    host.refuse_agents("approve a machine")
    one = _membership(host, name, db_path)
    with host.store(db_path) as store:
        with store.read() as db:
            held = keys.known(db, one.team)
        with client.connected(host.settings) as connection:
            with client.transaction(connection) as cursor:
                found = keys.waiting_device(cursor, one.team, device)
            _require_same(found, fingerprint)
            with client.transaction(connection) as cursor:
                keys.approve(cursor, one, held, found.device)
        store.write(lambda db: keys.pin(db, one.team, found))
    if as_json:
        say_json({"device": found.device, "login": found.login})
    else:
        say(f"{found.login}'s machine {found.label} has the key now")


def _require_same(device: Device, told: str | None) -> None:
    assert device.public_key is not None
    shown = sealing.fingerprint(device.public_key)
    if told is None:
        say(f"{device.login} {device.label}: {shown}")
        click.confirm("does that machine show the same?", abort=True, err=True)
    elif told.replace(" ", "") != shown.replace(" ", ""):
        raise InputError("the fingerprint is another one: do not trust that machine")


@click.command
@team_option
@json_option
@db_option
@pass_host
def rotate(host: Host, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """Seal what comes with a new key, for all machines of members that are known here.

    Example: codemem team rotate
    """
    host.refuse_agents("change the team's key")
    left_out = _rotate(host, _membership(host, name, db_path), db_path)
    if as_json:
        say_json({"without_key": [each.device for each in left_out]})
        return
    say("new records are sealed with a new key")
    _say_left_out(left_out)


def _rotate(host: Host, one: Membership, db_path: str | None) -> list[Device]:
    if not one.sealed:
        raise InputError(f"`{one.name}` is not sealed: it has no key")
    with host.store(db_path) as store:
        return joining.rotate(store, host.settings, one)


def _say_left_out(devices: list[Device]) -> None:
    for each in devices:
        say(f"not given the key, because it is not known here: {each.login} {each.device[:8]}")


def _membership(host: Host, name: str | None, db_path: str | None) -> Membership:
    with host.store(db_path) as store, store.read() as db:
        return local.membership(db, name)


def _change(host: Host, one: Membership, call: str, arguments: tuple[str, ...]) -> None:
    host.refuse_agents("change who is in a team")
    if not arguments[0].strip():
        raise InputError("a login has a name")
    with client.connected(host.settings) as connection, client.transaction(connection) as ask:
        ask.execute(call.encode(), (one.team, *arguments))
