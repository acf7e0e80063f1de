"""Figures of the database."""

from __future__ import annotations

import click

from codemem_core.cli.host import Host, db_option, json_option, pass_host
from codemem_core.cli.output import say, say_json
from codemem_core.ingest import spool_files
from codemem_core.store import stats as store_stats


@click.command()
@db_option
@json_option
@pass_host
def stats(host: Host, db_path: str | None, as_json: bool) -> None:
    """Say how much is stored, what waits and what it cost.

    Example: codemem stats --json
    """
    with host.store(db_path) as store, store.read() as db:
        spooled, refused = spool_files.counts(host.settings.path("claude_hook_spool_dir"))
        figures = store_stats.stats(db, spooled=spooled, refused=refused)
    if as_json:
        say_json(figures)
        return
    for section, values in figures.items():
        say(section.replace("_", " ").capitalize())
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, str | int | float):
                say(f"  {name.replace('_', ' ')}: {value}")
    for source, counts in figures["ledger"]["sources"].items():
        say(f"  {source}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    for wrong in figures["ledger"]["differences"]:
        say(f"  ALARM {wrong['source']}: {wrong['events']} events {wrong['problem']}")
