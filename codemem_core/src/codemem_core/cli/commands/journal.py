"""Change memories, see what was changed, take it back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import asdict, replace

import apsw
import click

from codemem_core.cli.host import Host, db_option, json_option, pass_host
from codemem_core.cli.output import day, say, say_json
from codemem_core.errors import InputError, NotFound
from codemem_core.ingest import by_hand
from codemem_core.ingest.by_hand import Correction
from codemem_core.records.memory import Memory
from codemem_core.store import journal as changes
from codemem_core.store import memories

_NO_MEMORY = "`codemem recent` lists ids"


@click.command()
@click.argument("memory_id", metavar="ID", type=int)
@click.option("--title", help="The new title.")
@click.option("--body", help="The new text.")
@click.option("--narrative", help="The new longer story; empty removes it.")
@click.option("--fact", "facts", multiple=True, help="A fact, instead of those it has; repeatable.")
@db_option
@json_option
@pass_host
def edit(
    host: Host,
    memory_id: int,
    title: str | None,
    body: str | None,
    narrative: str | None,
    facts: tuple[str, ...],
    db_path: str | None,
    as_json: bool,
) -> None:
    """Rewrite a memory: with options, or in $EDITOR without.

    Its title is the first line there, its text follows. The text before can be had back with
    `codemem undo` for some months, so a secret is to be purged instead.

    Example: codemem edit 12 --title "VAT is rounded per rate"
    """
    with host.store(db_path) as store:
        with store.read() as db:
            memory = _there(memories.get(db, memory_id), memory_id)
        wanted = Correction(
            title=memory.title if title is None else title,
            body=memory.body if body is None else body,
            narrative=memory.narrative if narrative is None else narrative,
            facts=facts or memory.facts,
        )
        if title is body is narrative is None and not facts:
            wanted = _in_editor(wanted)
        by_hand.change(store, memory_id, by_hand.corrected(wanted), by="cli")
    _told(f"Memory {memory_id} changed", {"id": memory_id, "changed": True}, as_json=as_json)


def _there(memory: Memory | None, memory_id: int) -> Memory:
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`", hint=_NO_MEMORY)
    return memory


def _in_editor(present: Correction) -> Correction:
    """Return what a person made of title and text."""
    text = click.edit(f"{present.title}\n\n{present.body}\n", extension=".md")
    if text is None:
        raise InputError("nothing was changed: the file was not saved")
    title, _, body = text.strip().partition("\n")
    return replace(present, title=title, body=body)


def _told(line: str, fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(fields)
    else:
        say(f"{line}; `codemem undo` takes it back")


@click.command()
@click.argument("memory_id", metavar="ID", type=int)
@db_option
@json_option
@pass_host
def pin(host: Host, memory_id: int, db_path: str | None, as_json: bool) -> None:
    """Keep a memory at the top of lists.

    Example: codemem pin 12
    """
    with host.store(db_path) as store:
        by_hand.change(store, memory_id, {"pinned": True}, by="cli", label="pin")
    _told(f"Memory {memory_id} pinned", {"id": memory_id, "pinned": True}, as_json=as_json)


@click.command()
@click.argument("memory_id", metavar="ID", type=int)
@db_option
@json_option
@pass_host
def unpin(host: Host, memory_id: int, db_path: str | None, as_json: bool) -> None:
    """Let a pinned memory go its way down the lists.

    Example: codemem unpin 12
    """
    with host.store(db_path) as store:
        by_hand.change(store, memory_id, {"pinned": False}, by="cli", label="unpin")
    _told(f"Memory {memory_id} unpinned", {"id": memory_id, "pinned": False}, as_json=as_json)


@click.command()
@click.argument("memory_id", metavar="ID", type=int)
@db_option
@json_option
@pass_host
def forget(host: Host, memory_id: int, db_path: str | None, as_json: bool) -> None:
    """Take a memory out of search and packs.

    Example: codemem forget 12
    """
    with host.store(db_path) as store:
        if not by_hand.forget(store, memory_id, by="cli"):
            raise NotFound(f"no such memory: `{memory_id}`", hint=_NO_MEMORY)
    line = f"Memory {memory_id} marked inactive"
    _told(line, {"id": memory_id, "active": False}, as_json=as_json)


@click.command()
@click.argument("number", metavar="[N]", type=int, required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken back.")
@db_option
@json_option
@pass_host
def undo(host: Host, number: int | None, dry_run: bool, db_path: str | None, as_json: bool) -> None:
    """Take the last change back, or the one `codemem history` numbers N.

    Changes of memories and projects, from here, the viewer or an agent. An undo is a change too.

    Example: codemem undo
    """
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> changes.Entry:
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
    """List what people and agents changed, the newest first.

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
        say("nothing was changed yet")
