"""Memories in and out: exports, and what other programs remember."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, TextIO

import apsw
import click

from codemem_core import paths
from codemem_core.commands.host import F, Host, db_option, json_option, pass_host, project_options
from codemem_core.commands.output import counted, say, say_json, warn
from codemem_core.errors import InputError, NotFound, StoreError
from codemem_core.records.event import epoch_ms
from codemem_core.store.engine.store import Store
from codemem_transfer import markdown, pages
from codemem_transfer.export_reader import Reader
from codemem_transfer.export_writer import export
from codemem_transfer.incoming import Incoming, Label
from codemem_transfer.legacy.adoption import Report
from codemem_transfer.pages import Wanted


def now() -> int:
    """Return epoch milliseconds."""
    return time.time_ns() // 1_000_000


# --- out -----------------------------------------------------------------------------------------


@click.command("export-memories")
@click.argument("output", type=click.Path())
@click.option("--format", "form", type=click.Choice(["json", "markdown"]), default="json",
              show_default=True, help="JSON is what `import-memories` reads.")  # fmt: skip
@click.option("--include-inactive", is_flag=True, help="Include forgotten and superseded ones.")
@click.option("--since", help="Only of sessions that started since this ISO date.")
@project_options
@db_option
@json_option
@pass_host
def export_memories(
    host: Host,
    output: str,
    form: str,
    include_inactive: bool,
    since: str | None,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Write memories to a file; `-` is standard output.

    The file appears once it is complete, and only you can read it. JSON keeps everything; Markdown
    is for people.

    Example: codemem export memories.json --all-projects --include-inactive
    """
    wanted = Wanted(
        project=host.project(project, everywhere=all_projects),
        since_ms=epoch_ms(since) if since else None,
        inactive=include_inactive,
    )
    with host.store(db_path) as store:
        sessions, _, _ = pages.count(store, wanted)
        if not sessions:
            warn("no sessions to export")
            return
        with _written(output) as file:
            memories = _export(store, wanted, file, form)
    if output == "-":
        return
    if as_json:
        say_json({"output": output, "memories": memories})
        return
    say(f"{memories} memories written to {output}")


def _export(store: Store, wanted: Wanted, file: TextIO, form: str) -> int:
    if form == "markdown":
        return markdown.write(pages.memories(store, wanted), file)
    with counted() as show:
        return export(store, wanted, file, now_ms=now(), progress=lambda *at: show("written", *at))


@contextmanager
def _written(output: str) -> Iterator[TextIO]:
    """Lend a file that has its name only when it is whole; standard output for `-`."""
    if output == "-":
        yield sys.stdout
        return
    path = os.path.abspath(os.path.expanduser(output))
    draft = f"{path}.{os.getpid()}.part"
    try:
        with open(
            os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise InputError(f"cannot write the file: `{output}`: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


# --- in ------------------------------------------------------------------------------------------


def import_options(command: F) -> F:
    """Add `--dry-run`, `--db-path` and `--json`."""
    command = click.option("--dry-run", is_flag=True, help="Show what is new; store nothing.")(
        command
    )
    return db_option(json_option(command))


@click.command("import-memories")
@click.argument("source", metavar="INPUT", type=click.Path())
@click.option("--remap-project", metavar="NAME", help="Put everything into this project.")
@click.option("--trust", is_flag=True, help="Trust the file: keep its origins.")
@import_options
@pass_host
def import_memories(
    host: Host,
    source: str,
    remap_project: str | None,
    trust: bool,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Import the memories of an export, all or none; `-` reads standard input.

    Repeating it imports nothing twice, and `codemem undo` takes it back. Search finds what was
    imported; prompts get it unasked once you confirmed it, or with `--trust`.

    Example: codemem import memories memories.json --dry-run
    """

    def fill(incoming: Incoming) -> None:
        reader = Reader(incoming, trust=trust, remap=remap_project)
        with opened(source) as file:
            reader.read(file)

    bring(host, fill, f"import {source}", dry_run=dry_run, db_path=db_path, as_json=as_json)


@contextmanager
def opened(source: str) -> Iterator[BinaryIO]:
    """Open a file to read its bytes; `-` is standard input. Raises `NotFound`, `InputError`."""
    if source == "-":
        yield sys.stdin.buffer
        return
    path = os.path.expanduser(source)
    try:
        with open(path, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise NotFound(f"no such file: `{source}`") from error
    except OSError as error:
        raise InputError(f"cannot read the file: `{source}`: {error.strerror}") from error


def bring(
    host: Host,
    fill: Callable[[Incoming], None],
    label: str,
    *,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Write what `fill` puts into an `Incoming` as one import, and say what came of it."""
    path = paths.database_path(host.settings, db_path)
    with counted() as show, closing(Incoming(now_ms=now(), progress=show)) as incoming:
        try:
            fill(incoming)
        except apsw.Error as error:  # no room for the temporary copy
            raise StoreError(f"cannot prepare the import: {error}", hint="make room") from error
        if not dry_run:
            with host.store(db_path) as store:
                report = incoming.write(store, Label(text=label))
        elif os.path.exists(path):
            with host.store(db_path) as store, store.read() as db:
                report = incoming.look(db)
        else:
            report = incoming.look(None)
    if as_json:
        say_json({"applied": not dry_run, "tables": report.to_json()})
        return
    _say(report, dry_run=dry_run)


def _say(report: Report, *, dry_run: bool) -> None:
    done = "would be written" if dry_run else "written"
    for name, table in report.tables.items():
        reasons = "".join(f", {n} {why}" for why, n in table.skipped.items())
        say(f"{name}: {table.read} read, {table.written} {done}{reasons}")
    written = sum(t.written for name, t in report.tables.items() if name != "sessions")
    if not report.tables:
        say("nothing to import")
    elif written and not dry_run:
        say("`codemem undo` takes it back")
