"""Write and change memories by hand.

Kept apart from the commands that read: these imports would take a third of their time.
"""

from __future__ import annotations

import re
from dataclasses import replace

import click

from codemem_cli.display.terminal import cut
from codemem_cli.editor import edited
from codemem_cli.ids import MEMORY_ID, message_number
from codemem_core import paths
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.input import said
from codemem_core.commands.output import say, say_json
from codemem_core.distil import manual
from codemem_core.distil.manual import Correction, Note
from codemem_core.distil.rules import rules_in
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import KINDS, Memory
from codemem_core.store import memories
from codemem_core.store.engine.store import Store

_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")
_TITLE = 100
"""Characters of a title that is taken from the text."""
_NO_MEMORY = "`codemem log` lists ids"


@click.command()
@click.argument("words", metavar="TEXT", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(KINDS, case_sensitive=False),
    help="What it is. [default: preference for a standing instruction, else note]",
)
@click.option("--title", help="Its title. [default: the first sentence]")
@click.option("--tags", multiple=True, help="A tag; repeatable.")
@click.option("--by-model", is_flag=True, help="A model wrote it, not you: it is trusted less.")
@click.option("--project", help="Whose memory. [default: this folder's]")
@db_option
@json_option
@pass_host
def remember(
    host: Host,
    words: tuple[str, ...],
    kind: str | None,
    title: str | None,
    tags: tuple[str, ...],
    by_model: bool,
    project: str | None,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Write a memory yourself; a text of `-` is read from standard input.

    KIND TITLE BODY as three arguments works too.

    Example: codemem remember "We release on Tuesdays, never on Fridays."
    """
    kind, title, body = _worded(words, kind, title)
    session = host.agent_session()
    origin = "agent" if by_model or session is not None else "user"
    note = Note(kind=kind, title=title, body=body, tags=tags, origin=origin, session=session or "")
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


def _worded(words: tuple[str, ...], kind: str | None, title: str | None) -> tuple[str, str, str]:
    """Return kind, title and body of what was typed."""
    if kind is None and title is None and len(words) == 3:
        return words[0], words[1], said(words[2])
    if len(words) > 1:
        raise InputError("the text must be one argument", hint='codemem remember "…"')
    text = said(words[0])
    first = _SENTENCE_END.split(text.strip(), maxsplit=1)[0]
    kind = kind or ("preference" if rules_in(text) else "note")
    return kind, title or cut(" ".join(first.split()), _TITLE), text


@click.command()
@click.argument("memory_id", metavar="ID", type=MEMORY_ID)
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

    In the editor the first line is the title and the rest is the text. `codemem undo` restores the
    previous text for some months; to remove a secret, use `codemem db purge`.

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
    title, body = edited(present.title, present.body)
    return replace(present, title=title, body=body)


def _told(line: str, fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(fields)
    else:
        say(f"{line}; `codemem undo` takes it back")


@click.command()
@click.argument("memory_id", metavar="ID", type=MEMORY_ID)
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
@click.argument("memory_id", metavar="ID", type=MEMORY_ID)
@db_option
@json_option
@pass_host
def unpin(host: Host, memory_id: int, db_path: str | None, as_json: bool) -> None:
    """Unpin a memory.

    Example: codemem unpin 12
    """
    with host.store(db_path) as store:
        manual.change(store, memory_id, {"pinned": False}, by="cli", label="unpin")
    _told(f"Memory {memory_id} unpinned", {"id": memory_id, "pinned": False}, as_json=as_json)


@click.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@db_option
@json_option
@pass_host
def forget(host: Host, names: tuple[str, ...], db_path: str | None, as_json: bool) -> None:
    """Remove memories, or messages of quotes (`e12`), from search and prompts.

    Example: codemem forget 12 15
    """
    messages = [number for name in names if (number := message_number(name)) is not None]
    ids = [MEMORY_ID.convert(name, None, None) for name in names if message_number(name) is None]
    by_agent = host.agent_session() is not None
    if messages and by_agent:
        raise InputError("an agent cannot forget what was said", hint="ask the user to do it")
    with host.store(db_path) as store:
        with store.read() as db:
            for memory_id in ids:
                _there(memories.get(db, memory_id), memory_id)
        kept = _forget_all(store, ids, by_agent=by_agent)
        for number in messages:
            if not manual.forget_message(store, number, by="cli"):
                raise NotFound(f"no such message: `e{number}`")
    _report([*ids, *(f"e{number}" for number in messages)], kept, as_json=as_json)


def _forget_all(store: Store, ids: list[int], *, by_agent: bool) -> list[int]:
    """Forget memories; return those that stay until a person decides, as an agent asked for it."""
    if by_agent:
        return [each for each in ids if not manual.forget_for_agent(store, each, by="cli")]
    if ids:
        manual.forget(store, *ids, by="cli")
    return []


def _report(ids: list[int | str], kept: list[int], *, as_json: bool) -> None:
    gone = [each for each in ids if each not in kept]
    if as_json:
        told = [{"id": each, "active": False} for each in gone]
        told += [{"id": each, "active": True, "proposed": True} for each in kept]
        say_json(told[0] if len(told) == 1 else {"items": told})
        return
    for memory_id in kept:
        say(f"Memory {memory_id} stays until a person decides (`codemem review`)")
    for each in gone:
        what = "Message" if isinstance(each, str) else "Memory"
        end = "; `codemem undo` takes it back" if each == gone[-1] else ""
        say(f"{what} {each} marked inactive{end}")
