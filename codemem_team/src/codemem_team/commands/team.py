"""`codemem team`: make a team, take part in it, see how it goes."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import asdict

import apsw
import click

from codemem_core.commands.host import Group, Host, db_option, json_option, pass_host
from codemem_core.commands.output import ago, say, say_json
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.store import changes, memories, tombstones
from codemem_core.store.engine.store import Store
from codemem_team import local, outbox, postgres, subjects
from codemem_team.doctor import examine
from codemem_team.local import Membership
from codemem_team.postgres import Team
from codemem_team.status import Status, status_of
from codemem_team.sync import sync

_team_option = click.option("--team", "name", help="Which team, where there are several.")


@click.group(cls=Group)
def team() -> None:
    """Share memories with other machines and people, through a PostgreSQL of yours.

    Example: codemem team join acme
    """


@team.command
@click.option("--name", default="personal", show_default=True, help="What the team is called.")
@click.option(
    "--trusting",
    is_flag=True,
    help="Inject what any member wrote; without it, a person confirms each memory first.",
)
@json_option
@db_option
@pass_host
def init(host: Host, *, name: str, trusting: bool, as_json: bool, db_path: str | None) -> None:
    """Make the tables on the server, or upgrade them, and a team; this machine joins it.

    Needs a login that owns the database, and libpq's way to it: `CODEMEM_TEAM_URL`, `PGSERVICE` …

    Example: PGSERVICE=codemem codemem team init --name acme
    """
    host.refuse_agents("make a team")
    with postgres.connected(host.settings) as connection:
        applied = postgres.upgrade(connection)
        with postgres.transaction(connection) as cursor:
            found = postgres.find_team(cursor, name)
            if found is None:
                key = secrets.token_bytes(32)
                postgres.create_team(cursor, name, sealed=False, trusting=trusting, key=key)
    if applied and not as_json:
        say(f"the server's schema is at step {applied[-1]}")
    _join(host, name, db_path, as_json=as_json)


@team.command
@click.argument("name", default="personal")
@json_option
@db_option
@pass_host
def join(host: Host, *, name: str, as_json: bool, db_path: str | None) -> None:
    """Take part in a team: this machine reads what it shares. It shares nothing by itself.

    Example: codemem team join acme
    """
    host.refuse_agents("join a team")
    _join(host, name, db_path, as_json=as_json)


def _join(host: Host, name: str, db_path: str | None, *, as_json: bool) -> None:
    with host.store(db_path) as store:
        with store.read() as db:
            known = [one for one in local.memberships(db) if one.name == name]
        if known:
            raise InputError(f"this machine is in `{name}` already, as {known[0].login}")
        found = take_part(store, host.settings, name, label=socket.gethostname())
        with postgres.connected(host.settings) as connection:
            moved = sync(store, connection, found.id)
    if as_json:
        say_json({"team": name, "login": found.login, "role": found.role, "pulled": moved.pulled})
        return
    say(f"joined `{name}` as {found.login} ({found.role}); {moved.pulled} records pulled")
    say("nothing of this machine is shared yet: `codemem share --project NAME`")


def take_part(store: Store, settings: Settings, name: str, *, label: str) -> Team:
    """Make this database a device of a team; raises `CodememError`."""
    with postgres.connected(settings) as connection, postgres.transaction(connection) as cursor:
        postgres.require_current(cursor)
        found = postgres.find_team(cursor, name)
        if found is None:
            raise CodememError(
                f"no team `{name}` that your login is a member of",
                hint="a maintainer runs `codemem team add LOGIN`",
            )
        device = postgres.add_device(cursor, found.id, label=label, public_key=None)
    store.write(lambda db: _save(db, found, device))
    return found


def _save(db: apsw.Connection, found: Team, device: str) -> None:
    local.ensure_tables(db)
    one = Membership(
        team=found.id, name=found.name, login=found.login, role=found.role, device=device,
        next_idx=1, sealed=found.sealed, trusting=found.trusting, claim_key=found.claim_key,
    )  # fmt: skip
    local.save_membership(db, one)
    tombstones.share_key(db, found.id, found.claim_key)
    changes.follow(db, outbox.FOLLOWER)


@team.command
@_team_option
@json_option
@db_option
@pass_host
def status(host: Host, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """Compare what this machine sent and received with what the server has.

    Example: codemem team status
    """
    with host.store(db_path) as store:
        found = status_of(store, host.settings, name)
    if as_json:
        say_json(found.as_json())
        return
    _say_status(found)


def _say_status(found: Status) -> None:
    one = found.membership
    say(f"{one.name}: {one.login} ({one.role}), device {one.device[:8]}", bold=True)
    say(f"last in step: {ago(one.synced_ms, now_ms=found.now_ms)}")
    if found.problem:
        say(f"problem: {found.problem}", colour="red")
    for line in found.lines():
        say(line.text, colour=None if line.ok else "red")


@team.command
@_team_option
@json_option
@db_option
@pass_host
def doctor(host: Host, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """Check rights, transport, clocks and counts; exit 1 when something is wrong.

    Example: codemem team doctor
    """
    with host.store(db_path) as store:
        checks = examine(store, host.settings, name)
    if as_json:
        say_json({"checks": [asdict(each) for each in checks]})
    else:
        for each in checks:
            say(f"{'ok  ' if each.ok else 'FAIL'}  {each.text}", colour=None if each.ok else "red")
            if each.hint and not each.ok:
                say(f"      hint: {each.hint}")
    if not all(each.ok for each in checks):
        raise SystemExit(1)


@team.command
@click.option("--forget", is_flag=True, help="Forget here what teammates wrote, too.")
@_team_option
@json_option
@db_option
@pass_host
def leave(
    host: Host, *, forget: bool, name: str | None, as_json: bool, db_path: str | None
) -> None:
    """End this machine's part in a team; what was shared stays with the others.

    Example: codemem team leave
    """
    host.refuse_agents("leave a team")
    with host.store(db_path) as store:
        with store.read() as db:
            one = local.membership(db, name)
        gone = store.write(lambda db: _leave(db, one, forget=forget))
    if as_json:
        say_json({"team": one.name, "forgotten": gone})
    else:
        say(f"left `{one.name}`; {gone} memories of teammates forgotten here")
        say(f"a maintainer ends your login's access with `codemem team remove {one.login}`")


def _leave(db: apsw.Connection, one: Membership, *, forget: bool) -> int:
    outbox.take_waiting(db)
    theirs = subjects.memories_of_others(db, one) if forget else []
    with changes.made_by(db, outbox.FOLLOWER):
        for memory_id in theirs:
            memories.forget(db, memory_id, now_ms=time.time_ns() // 1_000_000)
    local.drop(db, one.team)
    tombstones.forget_key(db, one.team)
    if not local.memberships(db):
        changes.unfollow(db, outbox.FOLLOWER)
    return len(theirs)


@team.command(name="sync")
@_team_option
@json_option
@db_option
@pass_host
def sync_now(host: Host, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """Push and pull now; the server does it by itself.

    Example: codemem team sync
    """
    with host.store(db_path) as store:
        with store.read() as db:
            one = local.membership(db, name)
        with postgres.connected(host.settings) as connection:
            moved = sync(store, connection, one.team)
    if as_json:
        say_json({"pushed": moved.pushed, "pulled": moved.pulled})
    else:
        say(f"{moved.pushed} records pushed, {moved.pulled} pulled")


@team.command
@click.argument("login")
@click.option("--maintainer", is_flag=True, help="May add members and confirm for all.")
@_team_option
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
    _change_member(host, name, db_path, "SELECT codemem.add_member(%s, %s, %s)", (login, role))
    if as_json:
        say_json({"login": login, "role": role})
    else:
        say(f"{login} is a {role} now")


@team.command
@click.argument("login")
@_team_option
@json_option
@db_option
@pass_host
def remove(host: Host, login: str, *, name: str | None, as_json: bool, db_path: str | None) -> None:
    """End a member's access: new records stop, what they have stays theirs.

    Example: codemem team remove alice
    """
    _change_member(host, name, db_path, "SELECT codemem.remove_member(%s, %s)", (login,))
    if as_json:
        say_json({"login": login, "role": None})
    else:
        say(f"{login} reads and writes nothing of the team any more")


def _change_member(
    host: Host, name: str | None, db_path: str | None, call: str, arguments: tuple[str, ...]
) -> None:
    host.refuse_agents("change who is in a team")
    if not arguments[0].strip():
        raise InputError("a login has a name")
    with host.store(db_path) as store, store.read() as db:
        one = local.membership(db, name)
    with postgres.connected(host.settings) as connection, postgres.transaction(connection) as ask:
        ask.execute(call.encode(), (one.team, *arguments))
