"""The newest memories: a line each, or with their text."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_cli.display import memories as display
from codemem_cli.display.terminal import write
from codemem_cli.display.times import now
from codemem_cli.scope import nothing_here, require_project
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import day, say, say_json
from codemem_core.commands.when import since_to_ms
from codemem_core.records.memory import KINDS
from codemem_core.store import memories
from codemem_core.store.memories import Filter

_kind_option = click.option(
    "--kind", type=click.Choice(KINDS, case_sensitive=False), help="Only this kind."
)


@click.command()
@click.option("-n", "--limit", default=200, show_default=True, type=click.IntRange(1, 100_000))
@_kind_option
@click.option("--since", help="Only since: `12h`, `30d`, `8w` or a date.")
@project_options
@db_option
@json_option
@pass_host
def log(
    host: Host,
    limit: int,
    kind: str | None,
    since: str | None,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """List memories, newest first: id, age, kind and title.

    Example: codemem log --since 7d
    """
    now_ms = now()
    place = host.project(project, everywhere=all_projects)
    wanted = Filter(
        kinds=(kind,) if kind else (),
        project=place,
        since_ms=since_to_ms(since, now_ms=now_ms) if since else None,
    )
    with host.store(db_path) as store, store.read() as db:
        require_project(db, project)
        found = memories.page(db, wanted, limit=limit)
        empty = "" if found else nothing_here(db, place)
    if as_json:
        say_json({"items": [asdict(memory) for memory in found]})
    elif found:
        write(display.lines(found, now_ms=now_ms, projects=place is None), paged=True)
    elif kind or since:
        say("No memory fits.")
    else:
        say(empty)


@click.command()
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 1000))
@_kind_option
@project_options
@db_option
@json_option
@pass_host
def recent(
    host: Host,
    limit: int,
    kind: str | None,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """List the newest memories with their text; `codemem log` lists one a line.

    Example: codemem recent --limit 3 --all-projects
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        found = memories.recent(db, limit=limit, kind=kind, project=place)
        empty = "" if found else nothing_here(db, place)
    if as_json:
        say_json({"items": [asdict(memory) for memory in found]})
        return
    for memory in found:
        head = f"[{memory.id}] ({memory.kind}) {memory.title}  {day(memory.created_ms)}"
        say(head, bold=True)
        say(memory.body + "\n")
    if not found:
        say(empty)
