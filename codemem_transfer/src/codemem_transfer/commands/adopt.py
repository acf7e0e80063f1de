"""`codemem db adopt`: what an older release remembers."""

from __future__ import annotations

import os
import time

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json, working
from codemem_transfer.legacy import adoption, database


@click.command()
@click.argument("old", metavar="PATH", type=click.Path(dir_okay=False))
@click.option("--trust", is_flag=True, help="Trust these memories: prompts may get them.")
@db_option
@json_option
@pass_host
def adopt(host: Host, old: str, trust: bool, db_path: str | None, as_json: bool) -> None:
    """Import a database of codemem 0.19; it is not modified.

    Repeating it imports nothing twice. Search finds adopted memories; prompts get them unasked only
    with `--trust`, since the old file does not say which of them came from a web page.

    Example: codemem db adopt ~/.codemem/old.sqlite --trust
    """
    with (
        working("Bringing over"),
        database.opened(os.path.abspath(old)) as given,
        host.store(db_path) as store,
    ):
        report = adoption.adopt(
            store, host.plugins, given, trust=trust, now_ms=time.time_ns() // 1_000_000
        )
    if as_json:
        say_json({"source": os.path.abspath(old), "tables": report.to_json()})
        return
    for name, table in report.tables.items():
        reasons = "".join(f", {n} {why}" for why, n in table.skipped.items())
        say(f"{name}: {table.read} read, {table.written} written{reasons}")
