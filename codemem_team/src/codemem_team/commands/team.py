"""`codemem team`: make a team, take part in it, see how it goes."""

from __future__ import annotations

import socket
from dataclasses import asdict

import click

from codemem_core.commands.host import Group, Host, db_option, json_option, pass_host
from codemem_core.commands.output import ago, say, say_json, warn
from codemem_core.errors import InputError
from codemem_team import client, joining, local, sealing
from codemem_team.commands import members
from codemem_team.commands.members import team_option
from codemem_team.doctor import examine
from codemem_team.joining import NewTeam
from codemem_team.keys import NoKey
from codemem_team.status import Status, status_of
from codemem_team.sync import Round, sync


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
@click.option("--sealed", is_flag=True, help="Encrypt end to end: the server cannot read records.")
@click.option(
    "--maintainer", default="", help="The login that adds members. [default: the one that connects]"
)
@json_option
@db_option
@pass_host
def init(
    host: Host,
    *,
    name: str,
    trusting: bool,
    sealed: bool,
    maintainer: str,
    as_json: bool,
    db_path: str | None,
) -> None:
    """Make the tables on the server, or upgrade them, and a team.

    Needs a login that owns the database, and libpq's way to it: `CODEMEM_TEAM_URL`, `PGSERVICE` …
    This machine joins, unless another login is to be the maintainer.

    Example: PGSERVICE=codemem codemem team init --name acme
    """
    host.refuse_agents("make a team")
    if sealed and maintainer:
        raise InputError("a sealed team is made by its maintainer, who makes its first key")
    new = NewTeam(name=name, trusting=trusting, sealed=sealed, maintainer=maintainer)
    recovery = joining.make_team(host.settings, new)
    if maintainer:
        _tell_made(name, maintainer, as_json=as_json)
        return
    if recovery is not None:
        warn("recovery phrase, shown once; write it down and keep it away from the server:")
        warn(f"\n    {sealing.phrase_of(recovery)}\n")
    _join(host, name, db_path, recovery=recovery, as_json=as_json)


def _tell_made(name: str, maintainer: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"team": name, "maintainer": maintainer})
    else:
        say(f"`{name}` is made; {maintainer} runs `codemem team join {name}`")


@team.command
@click.argument("name", default="personal")
@click.option("--recovery", is_flag=True, help="Ask for a sealed team's recovery phrase.")
@json_option
@db_option
@pass_host
def join(host: Host, *, name: str, recovery: bool, as_json: bool, db_path: str | None) -> None:
    """Take part in a team: this machine reads what it shares. It shares nothing by itself.

    Example: codemem team join acme
    """
    host.refuse_agents("join a team")
    phrase = click.prompt("recovery phrase", hide_input=True, err=True) if recovery else ""
    _join(host, name, db_path, phrase=phrase, as_json=as_json)


def _join(
    host: Host,
    name: str,
    db_path: str | None,
    *,
    recovery: bytes | None = None,
    phrase: str = "",
    as_json: bool,
) -> None:
    with host.store(db_path) as store:
        label = socket.gethostname()
        one = joining.take_part(store, host.settings, name, label=label, recovery=recovery)
        if phrase:
            joining.recover(store, host.settings, one, phrase)
        moved, waits = Round(), ""
        try:
            with client.connected(host.settings) as connection:
                moved = sync(store, connection, one.team)
        except NoKey as error:
            waits = f"{error}\n{error.hint}"
    if as_json:
        found = {"team": name, "login": one.login, "role": one.role, "device": one.device}
        say_json({**found, "pulled": moved.pulled, "waits": waits or None})
        return
    say(f"joined `{name}` as {one.login} ({one.role}); {moved.pulled} records pulled")
    say(waits or "nothing of this machine is shared yet: `codemem share --project NAME`")


@team.command
@team_option
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
    sealed = ", sealed" if one.sealed else ""
    say(f"{one.name}: {one.login} ({one.role}), device {one.device[:8]}{sealed}", bold=True)
    say(f"last in step: {ago(one.synced_ms, now_ms=found.now_ms)}")
    if found.problem:
        say(f"problem: {found.problem}", colour="red")
    for line in found.lines():
        say(line.text, colour=None if line.ok else "red")


@team.command
@team_option
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
@team_option
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
        gone = store.write(lambda db: joining.leave(db, one, forget=forget))
    if as_json:
        say_json({"team": one.name, "forgotten": gone})
    else:
        say(f"left `{one.name}`; {gone} memories of teammates forgotten here")
        say(f"a maintainer ends your login's access with `codemem team remove {one.login}`")


@team.command(name="sync")
@team_option
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
        with client.connected(host.settings) as connection:
            moved = sync(store, connection, one.team)
    if as_json:
        say_json({"pushed": moved.pushed, "pulled": moved.pulled})
    else:
        say(f"{moved.pushed} records pushed, {moved.pulled} pulled")


for command in (members.add, members.remove, members.devices, members.approve, members.rotate):
    team.add_command(command)
