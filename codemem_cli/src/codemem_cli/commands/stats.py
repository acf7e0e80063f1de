"""Figures of the database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import say, say_json
from codemem_core.store import activity
from codemem_core.store import stats as store_stats
from codemem_core.store.ledger import Key


@click.command()
@db_option
@json_option
@pass_host
def stats(host: Host, db_path: str | None, as_json: bool) -> None:
    """Show how much is stored, what is waiting and what it cost.

    Example: codemem stats --json, or codemem db stats
    """
    with host.store(db_path) as store, store.read() as db:
        spooled, refused = _spooled(host.settings.path("claude_hook_spool_dir"))
        figures = store_stats.stats(db, spooled=spooled, refused=refused)
    if as_json:
        say_json(figures)
        return
    for section, values in figures.items():
        say(section.replace("_", " ").capitalize(), bold=True)
        for name, value in _figures(values):
            say(f"  {name.replace('_', ' ')}: {value}")
    for source, counts in figures["ledger"]["sources"].items():
        say(f"  {source}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    for wrong in figures["ledger"]["differences"]:
        say(f"  ALARM {wrong['source']}: {wrong['events']} events {wrong['problem']}")


def _spooled(path: str) -> tuple[Mapping[Key, int], Mapping[Key, int]]:
    if not os.path.exists(path):
        return {}, {}
    # Imported here: 3 of 50 ms, and hardly anybody ever has a spool.
    from codemem_core.capture import spool_files  # noqa: PLC0415

    return spool_files.counts(path)


def _figures(values: Mapping[str, Any]) -> Iterator[tuple[str, str | float]]:
    """Yield what can be shown in a line each; of an inner object the same."""
    for name, value in values.items():
        if isinstance(value, str | int | float):
            yield name, round(value, 4) if isinstance(value, float) else value
        elif isinstance(value, dict) and name in {"totals", "rates", "counts"}:
            yield from _figures(value)


@click.command("pack-stats")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="How many of the newest packs.",
)
@project_options
@db_option
@json_option
@pass_host
def pack_stats(
    host: Host,
    limit: int,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Show how large injected packs were and what they saved.

    Example: codemem dev pack-stats --all-projects
    """
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        packs = activity.recent_packs(db, place, limit=limit)
    sums = {name: sum(each[name] for each in packs) for name in ("tokens_read", "tokens_saved")}
    averages = {f"average_{name}": total / max(len(packs), 1) for name, total in sums.items()}
    if as_json:
        say_json({"packs": len(packs), **averages})
    else:
        say(f"{len(packs)} packs")
        for name, value in averages.items():
            say(f"  {name.replace('_', ' ')}: {value:,.0f}")
