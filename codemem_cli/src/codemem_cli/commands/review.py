"""Decide what waits for a person."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

import click

from codemem_cli.editor import edited
from codemem_cli.ids import MEMORY_ID
from codemem_core.commands.host import (
    Group,
    Host,
    always_json_option,
    db_option,
    json_option,
    pass_host,
    project_options,
)
from codemem_core.commands.output import day, say, say_json, say_line
from codemem_core.distil import review as deciding
from codemem_core.distil.manual import Correction
from codemem_core.store import proposals
from codemem_core.store.engine.store import Store
from codemem_core.store.proposals import Proposal

_VERBS = {"confirm": "Let it be told?", "forget": "Forget it?", "remember": "Remember it?"}
_ONLY_PEOPLE = "decide what waits for a person"
_ids = click.argument("ids", metavar="ID...", type=MEMORY_ID, nargs=-1, required=True)


@click.group(cls=Group, invoke_without_command=True)
@project_options
@db_option
@json_option
@click.pass_context
def review(
    ctx: click.Context,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Decide about memories that wait for you: y, n, e (edit), s (skip) or q (quit).

    Memories that only outside text carries and that give orders, notes of agents that read outside
    text, and memories that an agent wants forgotten. What nobody decides within 30 days leaves the
    list. Without a terminal, and with --json, it lists.

    Example: codemem review --all-projects
    """
    if ctx.invoked_subcommand is not None:
        return
    host = ctx.find_object(Host)
    assert host is not None
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store:
        with store.read() as db:
            waiting = proposals.waiting(db, now_ms=_now_ms(), project=place)
        if as_json:
            say_json({"items": [asdict(proposal) for proposal in waiting]})
        elif sys.stdin.isatty() and waiting:
            host.refuse_agents(_ONLY_PEOPLE)
            _ask(store, waiting)
        else:
            _list(waiting)


@review.command()
@_ids
@db_option
@always_json_option
@pass_host
def accept(host: Host, ids: tuple[int, ...], db_path: str | None) -> None:
    """Accept proposals.

    Example: codemem review accept 3 4
    """
    _decide(host, ids, db_path, deciding.accept, "accepted")


@review.command()
@_ids
@db_option
@always_json_option
@pass_host
def reject(host: Host, ids: tuple[int, ...], db_path: str | None) -> None:
    """Reject proposals; a memory that waits for confirmation is forgotten.

    Example: codemem review reject 5
    """
    _decide(host, ids, db_path, deciding.reject, "rejected")


def _decide(
    host: Host,
    ids: Iterable[int],
    db_path: str | None,
    act: Callable[..., object],
    done: str,
) -> None:
    host.refuse_agents(_ONLY_PEOPLE)
    with host.store(db_path) as store:
        for proposal_id in ids:
            act(store, proposal_id, by="cli")
    say_json({done: list(ids)})


def _list(waiting: list[Proposal]) -> None:
    for proposal in waiting:
        _show(proposal)
    say_line(f"{len(waiting)} to decide" if waiting else "Nothing is waiting for you.")


def _show(proposal: Proposal) -> None:
    head = f"{proposal.id}: {proposal.action} ({proposal.kind}) {proposal.title}"
    say(f"{head}  {day(proposal.created_ms)}", bold=True)
    say(f"{proposal.reason}\n\n{proposal.body}\n")


def _ask(store: Store, waiting: list[Proposal]) -> None:
    for proposal in waiting:
        _show(proposal)
        choice = click.prompt(
            _VERBS[proposal.action],
            type=click.Choice(["y", "n", "e", "s", "q"]),
            default="s",
        )
        if choice == "q":
            return
        if choice == "y":
            deciding.accept(store, proposal.id, by="cli")
        elif choice == "n":
            deciding.reject(store, proposal.id, by="cli")
        elif choice == "e":
            _edit(store, proposal)


def _edit(store: Store, proposal: Proposal) -> None:
    title, body = edited(proposal.title, proposal.body)
    deciding.accept_reworded(store, proposal.id, Correction(title=title, body=body), by="cli")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
