"""Ask for what a prompt would get."""

from __future__ import annotations

import apsw
import click

from codemem_core.commands.host import (
    F,
    Host,
    always_json_option,
    db_option,
    json_option,
    pass_host,
    project_options,
)
from codemem_core.commands.input import said
from codemem_core.commands.output import say, say_json
from codemem_core.retrieval.pack.build import Pack, build_pack
from codemem_core.retrieval.pack.savings import savings, since_last_told
from codemem_core.retrieval.remote_embedding import nearness


def pack_options(command: F) -> F:
    """Add what bounds a pack."""
    for option in (
        click.option("--working-set-file", multiple=True, help="A file in use; repeatable."),
        click.option("--token-budget", type=click.IntRange(1), help="At most about so many."),
        click.option("--limit", type=click.IntRange(1, 200), help="At most so many memories."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("context")
@pack_options
@click.option("--injected", is_flag=True, help="Fenced; only what a prompt may get unasked.")
@click.option("--explain", is_flag=True, help="Add each score's parts and what is left out.")
@project_options
@db_option
@always_json_option
@pass_host
def pack(
    host: Host,
    context: str,
    limit: int | None,
    token_budget: int | None,
    working_set_file: tuple[str, ...],
    injected: bool,
    explain: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
) -> None:
    """Print the memories that fit a question, as JSON; `-` reads it from standard input.

    Example: codemem dev pack "fix the VAT rounding" --limit 4
    """
    bounds = (limit, token_budget)
    place = host.project(project, everywhere=all_projects)
    question = (said(context), working_set_file)
    with host.store(db_path) as store, store.read() as db:
        built = _pack(host, db, question, bounds, project=place, injected=injected)
    say_json({**built.to_json(), **({"explain": built.explain()} if explain else {})})


def _pack(
    host: Host,
    db: apsw.Connection,
    question: tuple[str, tuple[str, ...]],
    bounds: tuple[int | None, int | None],
    *,
    project: str | None,
    injected: bool = False,
) -> Pack:
    """Build the pack for a question with its files, within a number of memories and tokens."""
    (context, working_set), (limit, token_budget) = question, bounds
    built = build_pack(
        db,
        context,
        meaning=nearness(db, db.filename, context, project=project, settings=host.settings),
        limit=limit or host.settings.number("inject_limit"),
        token_budget=token_budget or host.settings.number("inject_token_budget"),
        project=project,
        working_set=working_set,
        injected=injected,
        learned=host.settings.flag("learning"),
    )
    built.metrics |= savings(db, built) | since_last_told(db, built, project=project)
    return built


@click.command()
@click.argument("context")
@pack_options
@project_options
@db_option
@json_option
@pass_host
def inject(
    host: Host,
    context: str,
    limit: int | None,
    token_budget: int | None,
    working_set_file: tuple[str, ...],
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Print the text that a prompt would get.

    Example: codemem dev inject "fix the VAT rounding"
    """
    bounds = (limit, token_budget)
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        built = _pack(host, db, (context, working_set_file), bounds, project=place)
    if as_json:
        say_json({"pack_text": built.text})
    else:
        say(built.text)
