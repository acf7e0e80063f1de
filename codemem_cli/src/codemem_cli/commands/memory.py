"""Look at memories."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from codemem_core.commands.host import (
    Host,
    always_json_option,
    db_option,
    json_option,
    pass_host,
    project_options,
)
from codemem_core.commands.output import day, say, say_json, say_line
from codemem_core.errors import NotFound
from codemem_core.records.memory import KINDS
from codemem_core.retrieval import duplicates
from codemem_core.retrieval.code_state import stale
from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.remote_embedding import nearness
from codemem_core.retrieval.search import search as find
from codemem_core.store import memories

_PATIENCE_S = 0.5
"""What looking at the files of one memory may take."""


@click.command()
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 1000))
@click.option("--kind", type=click.Choice(KINDS, case_sensitive=False), help="Only this kind.")
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
    """List the newest memories.

    Example: codemem recent --limit 3 --all-projects
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        found = memories.recent(db, limit=limit, kind=kind, project=place)
    if as_json:
        say_json({"items": [asdict(memory) for memory in found]})
        return
    for memory in found:
        head = f"[{memory.id}] ({memory.kind}) {memory.title}  {day(memory.created_ms)}"
        say(head, bold=True)
        say(memory.body + "\n")
    if not found:
        say(f"no memories yet{f' of project {place}' if place else ''}")


@click.command()
@click.argument("query")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 200))
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@project_options
@db_option
@json_option
@pass_host
def search(
    host: Host,
    query: str,
    limit: int,
    explain: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Search memories by words, and by meaning when the server runs and has an embedder.

    Example: codemem search "why is VAT rounded per rate"
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        near = nearness(db, store.path, query, project=place, settings=host.settings)
        learned = host.settings.flag("learning")
        hits = find(db, query, limit=limit, meaning=near, project=place, learned=learned)
    if as_json:
        say_json({"items": [_hit_json(hit) for hit in hits]})
        return
    for hit in hits:
        say(f"[{hit.id}] ({hit.kind}) {hit.title}", bold=True)
        say(f"{hit.body}\nscore={hit.score:.2f}\n{_parts(hit) if explain else ''}")
    if not hits:
        say(f"nothing found{f' in project {place}' if place else ''}")


def _parts(hit: Hit) -> str:
    lines = [f"  {name:11}{value:.3f}\n" for name, value in hit.parts.items() if value]
    return f"  matched    {', '.join(hit.matched)}\n{''.join(lines)}"


def _hit_json(hit: Hit) -> dict[str, Any]:
    names = ("id", "kind", "title", "body", "score", "parts", "project", "session_id", "created_ms")
    return {name: getattr(hit, name) for name in names}


@click.command()
@click.argument("memory_id", metavar="ID", type=int)
@db_option
@always_json_option
@pass_host
def show(host: Host, memory_id: int, db_path: str | None) -> None:
    """Print one memory as JSON.

    Example: codemem show 12
    """
    with host.store(db_path) as store, store.read() as db:
        memory = memories.get(db, memory_id)
        seen = duplicates.of_memory(db, memory_id)
        code = stale(db, [memory_id], budget_s=_PATIENCE_S).get(memory_id)
    if memory is None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="codemem recent lists ids")
    found = [{"session_id": one.session_id, "at_ms": one.at_ms} for one in seen]
    say_json({**asdict(memory), "found_again": found, "code": code})


@click.command()
@click.argument("query", required=False)
@click.option("--id", "memory_id", type=int, help="Around this memory instead of the best hit.")
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
    """List what was remembered just before and after, in the same session.

    Around the best hit of a search, a memory, or with neither the newest memory.

    Example: codemem timeline "VAT rounding" --before 5
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        if memory_id is None and query is not None:
            near = nearness(db, store.path, query, project=place, settings=host.settings)
            hits = find(db, query, limit=1, meaning=near, project=place)
            memory_id = hits[0].id if hits else None
        elif memory_id is None:
            newest = memories.recent(db, limit=1, project=place)
            memory_id = newest[0].id if newest else None
        middle = None if memory_id is None else memories.get(db, memory_id)
        found = memories.around(db, middle, before=before, after=after) if middle else []
    if middle is None and memory_id is not None:
        raise NotFound(f"no such memory: `{memory_id}`", hint="`codemem recent` lists ids")
    if as_json:
        say_json({"id": memory_id, "items": [asdict(memory) for memory in found]})
        return
    for memory in found:
        here = memory.id == memory_id
        line = f"[{memory.id}] {day(memory.created_ms)}  ({memory.kind}) {memory.title}"
        say_line(f"{'>' if here else ' '} {line}", bold=here)
    if not found:
        say(f"nothing found{f' in project {place}' if place else ''}")
