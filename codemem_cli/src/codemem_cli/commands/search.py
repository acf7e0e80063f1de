"""Find memories by words and meaning."""

from __future__ import annotations

from typing import Any

import apsw
import click

from codemem_cli.display import hits as display
from codemem_cli.display.terminal import for_a_person, write
from codemem_cli.scope import nothing_here, require_project
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import day, say, say_json
from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.remote_embedding import nearness
from codemem_core.retrieval.search import search as find
from codemem_core.store import sessions


@click.command()
@click.argument("words", metavar="QUERY...", nargs=-1, required=True)
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 200))
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@project_options
@db_option
@json_option
@pass_host
def search(
    host: Host,
    words: tuple[str, ...],
    limit: int,
    explain: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Find memories by words, and by meaning where the server has an embedder.

    Example: codemem search why is VAT rounded per rate
    """
    query = " ".join(words)
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        require_project(db, project)
        near = nearness(db, store.path, query, project=place, settings=host.settings)
        learned = host.settings.flag("learning")
        found = find(db, query, limit=limit, meaning=near, project=place, learned=learned)
        elsewhere = _elsewhere(db, query, place) if not found else ""
    if as_json:
        say_json({"items": [_as_json(hit) for hit in found]})
    elif not found:
        say(elsewhere)
    elif for_a_person():
        write(display.pages(found, explain=explain), paged=True)
    else:
        _print(found, explain=explain)


def _elsewhere(db: apsw.Connection, query: str, project: str | None) -> str:
    """Return what to tell somebody who found nothing: whether another project has an answer."""
    here = f" in {project}" if project else ""
    others = find(db, query, limit=20) if project else []
    if others:
        names = ", ".join(sorted({hit.project or "-" for hit in others}))
        return f"Nothing found{here}, but {len(others)} in {names} (`--all-projects`)."
    empty = not sessions.counts(db, project)["memories"]
    return nothing_here(db, project) if empty else f"Nothing found{here}."


def _print(hits: list[Hit], *, explain: bool) -> None:
    """Print matches as programs have come to read them: head, text, score."""
    for hit in hits:
        say(f"[{hit.id}] ({hit.kind}) {hit.title}")
        say(f"{hit.body}\nscore={hit.score:.2f}  {day(hit.created_ms)}  {hit.project or '-'}")
        for line in display.parts(hit) if explain else ():
            say(f"  {line}")
        say()


def _as_json(hit: Hit) -> dict[str, Any]:
    names = ("id", "kind", "title", "body", "score", "parts", "project", "session_id", "created_ms")
    return {**{name: getattr(hit, name) for name in names}, "matched": list(hit.matched)}
