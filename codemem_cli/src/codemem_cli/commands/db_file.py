"""The database file itself: back it up, check it, repair it."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from codemem_core import paths
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json, working
from codemem_core.errors import Damaged, NotFound, StoreError
from codemem_core.store.repair import backup as backups
from codemem_core.store.repair.check import Health
from codemem_core.store.repair.check import check as look
from codemem_core.store.repair.recover import recover, repair_index


def _existing(host: Host, db_path: str | None) -> str:
    path = paths.database_path(host.settings, db_path)
    if not os.path.exists(path):
        raise NotFound(f"no database: `{path}`", hint="it is made by the first event")
    return path


@click.command()
@click.option("--keep", type=click.IntRange(1), help="Backups to keep. [default: $CODEMEM_BACKUPS]")
@click.option("--list", "only_list", is_flag=True, help="Only list the backups there are.")
@db_option
@json_option
@pass_host
def backup(
    host: Host, keep: int | None, only_list: bool, db_path: str | None, as_json: bool
) -> None:
    """Copy the database to `backups/` beside it and verify the copy; it may be in use.

    Example: codemem db backup
    """
    path = paths.database_path(host.settings, db_path)
    if only_list:
        found = backups.listed(path)
    else:
        keep = keep or host.settings.number("backups")
        with working("Copying and checking"):
            found = [backups.make(_existing(host, db_path), keep=keep)]
    if as_json:
        say_json({"backups": [asdict(item) for item in found]})
        return
    for item in found:
        say(f"{item.path}  {item.size_bytes / 1e6:.1f} MB  {item.why}")
    if not found:
        say(f"No backups of {path}")


@click.command()
@click.argument("backup", required=False)
@db_option
@json_option
@pass_host
def restore(host: Host, backup: str | None, db_path: str | None, as_json: bool) -> None:
    """Replace the database with a backup: the newest, unless one is named.

    The replaced database is kept beside it. Stop the server and the agents first.

    Example: codemem db restore
    """
    path = paths.database_path(host.settings, db_path)
    if backup is None:
        found = backups.listed(path)
        if not found:
            raise NotFound(f"No backups of `{path}`", hint="name the file to restore")
        backup = found[0].path
    with working("Copying and checking"):
        kept = backups.restore(path, os.path.abspath(backup))
    if as_json:
        say_json({"database": path, "restored": backup, "kept": kept})
        return
    say(f"restored {backup}")
    if kept is not None:
        say(f"the database it replaced is kept as {kept}")


@click.command()
@click.option("--quick", is_flag=True, help="Do not compare rows with ordinary indexes.")
@db_option
@json_option
@pass_host
def check(host: Host, quick: bool, db_path: str | None, as_json: bool) -> None:
    """Check the whole database; rebuild a search index that is out of step.

    Exits with 4 when the database is damaged or its schema is wrong.

    Example: codemem db check
    """
    path = _existing(host, db_path)
    with working("Checking"):
        health = look(path, quick=quick)
        rebuilt = not health.damage and not health.index_in_step
        if rebuilt:
            repair_index(path)
    if as_json:
        say_json({"database": path, **asdict(health), "index_rebuilt": rebuilt})
    elif rebuilt:
        say(f"the search index was out of step and was rebuilt: {path}")
    elif health.sound:
        say(f"sound: {path}")
    _raise_for(health, path)


def _raise_for(health: Health, path: str) -> None:
    if health.damage:
        raise Damaged(f"the database is damaged: `{path}`: {health.damage[0]}")
    if health.schema:
        raise StoreError(
            f"the tables are not as they should be: `{', '.join(health.schema)}` in `{path}`",
            hint="`codemem db restore` brings the last backup back",
        )
    if health.orphans:
        raise StoreError(f"{health.orphans} rows point to rows that are gone: `{path}`")


@click.command()
@db_option
@json_option
@pass_host
def salvage(host: Host, db_path: str | None, as_json: bool) -> None:
    """Save what is readable of a damaged database into a new one; the damaged file is kept.

    The server does this when it starts. Stop it and the agents first.

    Example: codemem db salvage
    """
    path = _existing(host, db_path)
    with working("Salvaging"):
        health = look(path)
        if not health.damage:
            raise NotFound(f"the database is not damaged: `{path}`", hint="nothing to salvage")
        done = recover(path, health)
    if as_json:
        say_json({"database": path, "kept": done.kept, **asdict(done.result)})
    else:
        say(str(done))
