"""Write and change memories by hand.

Apart from looking at them: what all of this imports takes a third of the time of `codemem recent`.
"""

from __future__ import annotations

from dataclasses import replace

import click

from codemem_core import paths
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.input import said
from codemem_core.commands.output import say, say_json
from codemem_core.distil import manual
from codemem_core.distil.manual import Correction, Note
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import KINDS, Memory
from codemem_core.store import memories

_NO_MEMORY = "`codemem recent` lists ids"


@click.command()
@click.argument("kind", type=click.Choice(KINDS, case_sensitive=False))
@click.argument("title")
@click.argument("body")
@click.option("--tags", multiple=True, help="A tag; may be repeated.")
@click.option("--by-model", is_flag=True, help="A model wrote it, not you: it is trusted less.")
@click.option("--project", help="Whose memory. [default: this folder's]")
@db_option
@json_option
@pass_host
def remember(
    host: Host,
    kind: str,
    title: str,
    body: str,
    tags: tuple[str, ...],
    by_model: bool,
    project: str | None,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Write a memory by hand; a body of `-` is read from standard input.

    Example: codemem remember decision "Use APSW" "One SQLite library in each process."
    """
    session = host.agent_session()
    origin = "agent" if by_model or session is not None else "user"
    note = Note(
        kind=kind, title=title, body=said(body), tags=tags, origin=origin, session=session or ""
    )
    label = host.project(project, everywhere=False)
    with host.store(db_path) as store:
        memory_id = manual.remember(store, note, project=label, cwd=paths.working_folder())
        waits = manual.waits(store, memory_id)
    if as_json:
        say_json({"id": memory_id, **({"waits": True} if waits else {})})
    elif waits:
        say(f"Stored memory {memory_id}; it waits for a person (`codemem review`)")
    else:
        say(f"Stored memory {memory_id}")


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
    host.refuse_agents("rewrite memories")
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
        manual.change(store, memory_id, manual.corrected(wanted), by="cli")
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
        manual.change(store, memory_id, {"pinned": True}, by="cli", label="pin")
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
        manual.change(store, memory_id, {"pinned": False}, by="cli", label="unpin")
    _told(f"Memory {memory_id} unpinned", {"id": memory_id, "pinned": False}, as_json=as_json)


@click.command()
@click.argument("name", metavar="ID")
@db_option
@json_option
@pass_host
def forget(host: Host, name: str, db_path: str | None, as_json: bool) -> None:
    """Take a memory, or the message of a quote (`e12`), out of search and packs.

    Example: codemem forget 12
    """
    number = name.removeprefix("e")
    if not number.isdecimal():
        raise InputError(f"not an id: `{name}`", hint="a memory is `12`, a quote is `e12`")
    if name.startswith("e"):
        _forget_message(host, int(number), db_path, as_json=as_json)
        return
    memory_id = int(number)
    with host.store(db_path) as store:
        by_agent = host.agent_session() is not None
        if by_agent and not manual.forget_for_agent(store, memory_id, by="cli"):
            _told_proposed(memory_id, as_json=as_json)
            return
        if not by_agent and not manual.forget(store, memory_id, by="cli"):
            raise NotFound(f"no such memory: `{memory_id}`", hint=_NO_MEMORY)
    line = f"Memory {memory_id} marked inactive"
    _told(line, {"id": memory_id, "active": False}, as_json=as_json)


def _forget_message(host: Host, number: int, db_path: str | None, *, as_json: bool) -> None:
    if host.agent_session() is not None:
        raise InputError("an agent cannot forget what was said", hint="ask the user to do it")
    with host.store(db_path) as store:
        if not manual.forget_message(store, number, by="cli"):
            raise NotFound(f"no such message: `e{number}`")
    _told(
        f"Message e{number} marked inactive", {"id": f"e{number}", "active": False}, as_json=as_json
    )


def _told_proposed(memory_id: int, *, as_json: bool) -> None:
    if as_json:
        say_json({"id": memory_id, "active": True, "proposed": True})
    else:
        say(f"Memory {memory_id} stays until a person decides (`codemem review`)")
