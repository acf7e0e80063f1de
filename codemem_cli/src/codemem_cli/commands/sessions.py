"""Sessions: what each was about and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import click

from codemem_cli.display.terminal import cells, columns, cut, for_a_person, padded, styled, write
from codemem_cli.display.times import age, now
from codemem_cli.scope import nothing_here, require_project
from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import say, say_json
from codemem_core.store import sessions as stored
from codemem_core.store.sessions import Session

_PROJECT = 16


@click.command()
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@project_options
@db_option
@json_option
@pass_host
def sessions(
    host: Host,
    limit: int,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """List sessions, newest first: id, age, agent, memories and what it was about.

    Example: codemem sessions -n 5
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        require_project(db, project)
        found = stored.recent(db, limit=limit, project=place)
        titles = stored.titles(db, (session.id for session in found))
        empty = "" if found else nothing_here(db, place, what="sessions")
    if as_json:
        items = [{**asdict(session), "title": titles.get(session.id)} for session in found]
        say_json({"items": items})
    elif found:
        write(_lines(found, titles, projects=place is None), paged=True)
    else:
        say(empty)


def _lines(found: Sequence[Session], titles: Mapping[int, str], *, projects: bool) -> Iterator[str]:
    now_ms = now()
    wide = max(len(str(session.id)) for session in found)
    hosts = max(len(session.source or "you") for session in found)
    names = [session.project or "-" for session in found] if projects else []
    place = min(max(map(cells, names), default=0), _PROJECT)
    for session in found:
        count = f"{session.memories} {'memory' if session.memories == 1 else 'memories'}"
        start = [
            styled(f"{session.id:>{wide}}", colour="yellow"),
            styled(f"{age(session.started_ms, now_ms=now_ms):>3}", dim=True),
            styled((session.source or "you").ljust(hosts), colour="cyan"),
        ]
        if place:
            start.append(styled(padded(session.project or "-", place), dim=True))
        start.append(styled(f"{count:>11}", dim=not session.memories))
        title = " ".join(titles.get(session.id, "(nothing was asked)").split())
        if for_a_person():
            taken = wide + 3 + hosts + place + 11 + 2 * len(start)
            title = cut(title, max(columns() - taken, 20))
        yield "  ".join([*start, styled(title)])
