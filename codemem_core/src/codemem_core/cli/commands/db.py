"""The database itself: back it up, check it, repair it, tidy it, bring an old one over."""

from __future__ import annotations

import os
import time
from dataclasses import asdict

import click

from codemem_core import paths
from codemem_core.cli.commands import upkeep
from codemem_core.cli.commands.stats import stats
from codemem_core.cli.host import Host, db_option, json_option, pass_host
from codemem_core.cli.output import say, say_json
from codemem_core.errors import Damaged, NotFound, StoreError
from codemem_core.ingest import adopt as adoption
from codemem_core.store import backup as backups
from codemem_core.store import legacy
from codemem_core.store.check import Health
from codemem_core.store.check import check as look
from codemem_core.store.recover import recover, repair_index


@click.group()
def db() -> None:
    """Back up, check, repair, tidy or bring over a database.

    Example: codemem db check
    """


for _command in (
    stats,
    upkeep.merge_duplicates,
    upkeep.normalize_projects,
    upkeep.prune_memories,
    upkeep.prune_observations,
    upkeep.prune_old,
    upkeep.rename_project,
    upkeep.size_report,
    upkeep.vacuum,
):
    db.add_command(_command)


def _existing(host: Host, db_path: str | None) -> str:
    path = paths.database_path(host.settings, db_path)
    if not os.path.exists(path):
        raise NotFound(f"no database: `{path}`", hint="it is made by the first event")
    return path


@db.command()
@click.option("--keep", type=click.IntRange(1), help="Backups to keep. [default: $CODEMEM_BACKUPS]")
@click.option("--list", "only_list", is_flag=True, help="Only list the backups there are.")
@db_option
@json_option
@pass_host
def backup(
    host: Host, keep: int | None, only_list: bool, db_path: str | None, as_json: bool
) -> None:
    """Copy the database into `backups/` beside it, checked; others may go on working.

    Example: codemem db backup
    """
    path = paths.database_path(host.settings, db_path)
    if only_list:
        found = backups.listed(path)
    else:
        keep = keep or host.settings.number("backups")
        found = [backups.make(_existing(host, db_path), keep=keep)]
    if as_json:
        say_json({"backups": [asdict(item) for item in found]})
        return
    for item in found:
        say(f"{item.path}  {item.size_bytes / 1e6:.1f} MB  {item.why}")
    if not found:
        say(f"no backups of {path}")


@db.command()
@click.argument("backup", required=False)
@db_option
@json_option
@pass_host
def restore(host: Host, backup: str | None, db_path: str | None, as_json: bool) -> None:
    """Put a backup (the newest, if none is named) in the place of the database.

    The present database is kept beside it. Stop the server and the agents first.

    Example: codemem db restore
    """
    path = paths.database_path(host.settings, db_path)
    if backup is None:
        found = backups.listed(path)
        if not found:
            raise NotFound(f"no backups of `{path}`", hint="name the file to restore")
        backup = found[0].path
    kept = backups.restore(path, os.path.abspath(backup))
    if as_json:
        say_json({"database": path, "restored": backup, "kept": kept})
        return
    say(f"restored {backup}")
    if kept is not None:
        say(f"the database it replaced is kept as {kept}")


@db.command()
@click.option("--quick", is_flag=True, help="Without comparing rows and ordinary indexes.")
@db_option
@json_option
@pass_host
def check(host: Host, quick: bool, db_path: str | None, as_json: bool) -> None:
    """Look through the whole database; a search index out of step is made anew.

    Exits with 4 when the database is damaged or its tables are not as they should be.

    Example: codemem db check
    """
    path = _existing(host, db_path)
    health = look(path, quick=quick)
    rebuilt = not health.damage and not health.index_in_step
    if rebuilt:
        repair_index(path)
    if as_json:
        say_json({"database": path, **asdict(health), "index_rebuilt": rebuilt})
    elif rebuilt:
        say(f"the search index was out of step and was made anew: {path}")
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


@db.command()
@db_option
@json_option
@pass_host
def salvage(host: Host, db_path: str | None, as_json: bool) -> None:
    """Keep a damaged database and save what can be read into a new one in its place.

    The server does the same by itself when it starts. Stop it, and the agents, first.

    Example: codemem db salvage
    """
    path = _existing(host, db_path)
    health = look(path)
    if not health.damage:
        raise NotFound(f"the database is not damaged: `{path}`", hint="there is nothing to salvage")
    done = recover(path, health)
    if as_json:
        say_json({"database": path, "kept": done.kept, **asdict(done.result)})
    else:
        say(str(done))


@db.command()
@click.argument("old", metavar="PATH", type=click.Path(dir_okay=False))
@click.option("--trust", is_flag=True, help="Vouch for your own memories: prompts may get them.")
@db_option
@json_option
@pass_host
def adopt(host: Host, old: str, trust: bool, db_path: str | None, as_json: bool) -> None:
    """Bring over what a database of codemem 0.19 holds; it is not written to.

    Twice brings nothing twice. Adopted memories are found by search; prompts get them by themselves
    only with `--trust`, since nothing in the old file says which of them a web page wrote.

    Example: codemem db adopt ~/.codemem/old.sqlite --trust
    """
    with legacy.opened(os.path.abspath(old)) as given, host.store(db_path) as store:
        report = adoption.adopt(
            store, host.plugins, given, trust=trust, now_ms=time.time_ns() // 1_000_000
        )
    if as_json:
        say_json({"source": os.path.abspath(old), "tables": report.to_json()})
        return
    for name, table in report.tables.items():
        reasons = "".join(f", {n} {why}" for why, n in table.skipped.items())
        say(f"{name}: {table.read} read, {table.written} written{reasons}")
