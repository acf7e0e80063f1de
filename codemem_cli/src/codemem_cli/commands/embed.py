"""Give memories the vectors that search by meaning needs."""

from __future__ import annotations

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import Progress, say, say_json, warn
from codemem_core.retrieval import vectors
from codemem_core.retrieval.embedding import Meaning


@click.command()
@click.option("--limit", type=click.IntRange(1), help="At most about so many memories.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--install", is_flag=True, help="Download the model first; nothing else does.")
@db_option
@json_option
@pass_host
def embed(
    host: Host,
    limit: int | None,
    *,
    dry_run: bool,
    install: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Compute missing vectors; the server does it for new memories.

    It can be interrupted at any time and resumes where it stopped.

    Example: codemem db embed --dry-run
    """
    meaning = Meaning(host.plugins, host.settings)
    if install:
        for line in meaning.install():
            warn(line) if as_json else say(line)
    with host.store(db_path) as store:
        model = meaning.model()
        with store.read() as db:
            waiting = vectors.count_missing(db, model)
        wanted = min(waiting, limit or waiting)
        done = dropped = 0
        with Progress("Embedded", total=wanted) as progress:
            while not dry_run and done < wanted and (tried := meaning.catch_up(store)):
                done += tried
                progress.at(done)
        if not dry_run and done >= waiting:
            dropped = store.write(lambda db: vectors.drop_others(db, model))
    if as_json:
        say_json({"model": model, "waiting": waiting, "embedded": done, "dropped": dropped})
    elif dry_run:
        say(f"Would embed {wanted} memories with {model}")
    else:
        say(f"Embedded {done} memories with {model}, dropped {dropped} vectors of other models")
