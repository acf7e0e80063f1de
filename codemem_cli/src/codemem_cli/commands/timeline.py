"""The memories around one."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_cli.ids import MEMORY_ID
from codemem_cli.scope import nothing_here, require_project
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import day, say, say_json, say_line
from codemem_core.errors import NotFound
from codemem_core.retrieval.remote_embedding import nearness
from codemem_core.retrieval.search import search as find
from codemem_core.store import memories


@click.command()
@click.argument("query", required=False)
@click.option(
    "--id", "memory_id", type=MEMORY_ID, help="Around this memory instead of the best match."
)
@click.option("--before", default=3, show_default=True, type=click.IntRange(0, 100))
@click.option("--after", default=3, show_default=True, type=click.IntRange(0, 100))
@project_options
@db_option
@json_option
@pass_host
def timeline(
    host: Host,
    query: str | None,
    memory_id: int | None,
    before: int,
    after: int,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """List the memories before and after one, in the same session.

    Around the best match of a query, a memory (`--id`), or else the newest memory.

    Example: codemem timeline "VAT rounding" --before 5
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        require_project(db, project)
        if memory_id is None and query is not None:
            near = nearness(db, store.path, query, project=place, settings=host.settings)
            hits = find(db, query, limit=1, meaning=near, project=place)
            memory_id = hits[0].id if hits else None
        elif memory_id is None:
            newest = memories.recent(db, limit=1, project=place)
            memory_id = newest[0].id if newest else None
        middle = None if memory_id is None else memories.get(db, memory_id)
        found = memories.around(db, middle, before=before, after=after) if middle else []
        empty = "" if found else nothing_here(db, place)
    if middle is None and memory_id is not None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem log` lists ids")
    if as_json:
        say_json({"id": memory_id, "items": [asdict(memory) for memory in found]})
        return
    for memory in found:
        here = memory.id == memory_id
        line = f"[{memory.id}] {day(memory.created_ms)}  ({memory.kind}) {memory.title}"
        say_line(f"{'>' if here else ' '} {line}", bold=here)
    if not found:
        say(empty)
