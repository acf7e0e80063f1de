"""Projects: which there are, why a folder belongs to one, and to say otherwise."""

from __future__ import annotations

import os
import time
from dataclasses import asdict

import apsw
import click

from codemem_core.commands.host import Group, Host, apply_option, db_option, json_option, pass_host
from codemem_core.commands.output import day, say, say_json
from codemem_core.errors import InputError, NotFound
from codemem_core.project import normalize_label, place_of
from codemem_core.store import journal, moves, projects
from codemem_core.store.engine.store import Store
from codemem_core.store.moves import Move


@click.group(cls=Group)
def project() -> None:
    """List, explain, rename, merge and split projects.

    Example: codemem project explain
    """


@project.command("list")
@db_option
@json_option
@pass_host
def list_(host: Host, db_path: str | None, as_json: bool) -> None:
    """List projects with their sizes and folders.

    Example: codemem project list
    """
    with host.store(db_path) as store, store.read() as db:
        found = moves.listed(db)
    if as_json:
        say_json({"projects": [asdict(item) for item in found]})
        return
    for item in found:
        last = day(item.last_ms) if item.last_ms else "-"
        say(f"{item.name}  {item.memories} memories, {item.sessions} sessions, last {last}")
        for line in (*item.folders, *item.remotes, *item.rules):
            say(f"    {line}")
    if not found:
        say("No projects yet.")


@project.command()
@click.argument("folder", type=click.Path(), default=".")
@db_option
@json_option
@pass_host
def explain(host: Host, folder: str, db_path: str | None, as_json: bool) -> None:
    """Explain which project a folder belongs to.

    Example: codemem project explain ~/src/app/docs
    """
    cwd = os.path.abspath(os.path.expanduser(folder))
    label = host.plugins.project(cwd, {})
    place = place_of(cwd, environ=host.settings.environ)
    with host.store(db_path) as store, store.read() as db:
        found = projects.answer(db, label, cwd)
    variable = host.settings.environ.get("CODEMEM_PROJECT", "")
    chosen = found.named and label is not None and label == normalize_label(variable)
    told = {
        "project": found.project,
        "why": "`CODEMEM_PROJECT` names it" if chosen else found.why,
        "label": label,
        "folder": cwd,
        "repository": place.root,
        "git_folder": place.repository,
        "remote": place.remote,
        "variable": variable or None,
    }
    if as_json:
        say_json(told)
        return
    say(f"{found.project or 'no project'}: {told['why']}")
    for name in ("folder", "repository", "git_folder", "remote"):
        if told[name]:
            say(f"  {name.replace('_', ' '):11}{told[name]}")


@project.command()
@click.argument("old")
@click.argument("new")
@apply_option
@db_option
@json_option
@pass_host
def rename(host: Host, old: str, new: str, apply: bool, db_path: str | None, as_json: bool) -> None:
    """Rename a project; later events follow.

    Example: codemem project rename api shop-api --yes, or codemem db rename-project
    """
    new = _label(new)
    with host.store(db_path) as store:
        with store.read() as db:
            taken = any(moves.counted(db, Move(old=new, new=new)).values())
        if taken:
            raise InputError(
                f"there is a project of that name: `{new}`",
                hint=f"codemem project merge {old} --into {new}",
            )
        _move(store, [old], new, f"rename project {old} to {new}", apply=apply, as_json=as_json)


@project.command()
@click.argument("old", nargs=-1, required=True)
@click.option("--into", required=True, help="The project that takes them in.")
@apply_option
@db_option
@json_option
@pass_host
def merge(
    host: Host,
    old: tuple[str, ...],
    into: str,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Merge projects; later events of the merged names follow.

    Example: codemem project merge shop-api shop_api --into shop --yes
    """
    into = _label(into)
    others = [name for name in old if name != into]
    if not others:
        raise InputError(f"a project cannot be merged into itself: `{into}`")
    label = f"merge project {', '.join(others)} into {into}"
    with host.store(db_path) as store:
        _move(store, others, into, label, apply=apply, as_json=as_json)


@project.command()
@click.argument("name")
@click.option(
    "--folder", required=True, type=click.Path(), help="What was done at or below this folder …"
)
@click.option("--into", required=True, help="… goes to this project, now and later.")
@apply_option
@db_option
@json_option
@pass_host
def split(
    host: Host,
    name: str,
    folder: str,
    into: str,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Move a folder's part of a project to another project.

    For parts of a large repository, or two folders of one name.

    Example: codemem project split shop --folder ~/src/shop/web --into shop-web --yes
    """
    into, under = _label(into), os.path.abspath(os.path.expanduser(folder))
    label = f"split {under} from project {name} as {into}"
    with host.store(db_path) as store:
        _move(store, [name], into, label, under=under, apply=apply, as_json=as_json)


def _label(text: str) -> str:
    label = normalize_label(text)
    if label is None or label != text.strip():
        raise InputError(f"not a project's name: `{text}`", hint="one word or more, not a path")
    return label


def _move(
    store: Store,
    old: list[str],
    new: str,
    label: str,
    *,
    apply: bool,
    as_json: bool,
    under: str | None = None,
) -> None:
    if not all(name.strip() for name in old):
        raise InputError("a project's name is empty")
    now_ms = time.time_ns() // 1_000_000
    todo = [Move(old=name, new=new, under=under) for name in old]

    def change(db: apsw.Connection) -> dict[str, int]:
        with journal.recorded(db, label, by="cli", now_ms=now_ms):
            moved = [moves.carry_out(db, move, now_ms=now_ms) for move in todo]
        return _sum(moved)

    with store.read() as db:
        counts = _sum([moves.counted(db, move) for move in todo])
    if not any(counts.values()) and under is None:
        raise NotFound(
            f"no such project: `{', '.join(old)}`", hint="`codemem project list` lists them"
        )
    if apply:
        counts = store.write(change)
    if as_json:
        say_json({"applied": apply, "project": new, **counts})
        return
    told = f"{counts['memories']} memories and {counts['sessions']} sessions"
    if apply:
        say(f"{told} belong to {new} now; `codemem undo` takes it back")
    else:
        say(f"{told} would belong to {new}; `--yes` does it")


def _sum(counts: list[dict[str, int]]) -> dict[str, int]:
    return {table: sum(count[table] for count in counts) for table in moves.TABLES}
