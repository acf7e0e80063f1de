"""See what was changed, take it back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict

import apsw
import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import day, say, say_json
from codemem_core.store import journal as changes


@click.command()
@click.argument("number", metavar="[N]", type=int, required=False)
@click.option("--dry-run", is_flag=True, help="Only show what would be taken back.")
@db_option
@json_option
@pass_host
def undo(host: Host, number: int | None, dry_run: bool, db_path: str | None, as_json: bool) -> None:
    """Take back the last change, or change N of `codemem history`.

    Covers changes to memories and projects, made here, in the viewer or by an agent. An undo can be
    undone.

    Example: codemem undo
    """
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> changes.JournalEntry:
        wanted = changes.newest(db).id if number is None else number
        with changes.rehearsed(db) if dry_run else nullcontext():
            return changes.undo(db, wanted, by="cli", now_ms=now_ms)

    with host.store(db_path) as store:
        entry = store.write(write)
    if as_json:
        say_json({"undone": not dry_run, "entry": asdict(entry)})
    else:
        said = "would undo" if dry_run else "undid"
        say(f"{said} {entry.id}: {entry.label}  ({day(entry.at_ms)}, {entry.who})")


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@db_option
@json_option
@pass_host
def history(host: Host, limit: int, db_path: str | None, as_json: bool) -> None:
    """List changes made by people and agents, newest first.

    Example: codemem history
    """
    with host.store(db_path) as store, store.read() as db:
        found = changes.entries(db)[:limit]
    if as_json:
        say_json({"items": [asdict(entry) for entry in found]})
        return
    for entry in found:
        undone = "  (undone)" if entry.undone else ""
        say(f"{entry.id:5}  {day(entry.at_ms)}  {entry.who:6}  {entry.label}{undone}")
    if not found:
        say("Nothing was changed yet.")
