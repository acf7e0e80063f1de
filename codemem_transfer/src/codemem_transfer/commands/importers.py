"""What other programs remember."""

from __future__ import annotations

import os

import click

from codemem_core.commands.host import Host, pass_host
from codemem_core.commands.output import warn
from codemem_transfer import basic_memory, claude_mem, mem0
from codemem_transfer.commands.transfer import bring, import_options, opened
from codemem_transfer.incoming import Incoming


@click.command("import-from-claude-mem")
@click.argument("database", metavar="DB", type=click.Path())
@click.option("--project-filter", metavar="NAME", help="Only of this project.")
@click.option("--update-existing", is_flag=True, help="Refresh what was imported before.")
@import_options
@pass_host
def from_claude_mem(
    host: Host,
    database: str,
    project_filter: str | None,
    update_existing: bool,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Import claude-mem's memories; its database is not modified.

    Example: codemem import claude-mem ~/.claude-mem/claude-mem.db --dry-run
    """

    def fill(incoming: Incoming) -> None:
        incoming.refresh = update_existing
        with claude_mem.opened(os.path.abspath(os.path.expanduser(database))) as given:
            claude_mem.fill(incoming, given, project=project_filter)

    label = f"import from claude-mem {database}"
    bring(host, fill, label, dry_run=dry_run, db_path=db_path, as_json=as_json)


@click.command("import-from-basic-memory")
@click.argument("folder", type=click.Path())
@click.option("--project", help="The project they go to. [default: the folder's name]")
@import_options
@pass_host
def from_basic_memory(
    host: Host,
    folder: str,
    project: str | None,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Import the notes of basic-memory, a folder of Markdown files.

    Example: codemem import basic-memory ~/basic-memory --dry-run
    """
    bring(
        host,
        lambda incoming: basic_memory.fill(incoming, folder, project=project),
        f"import from basic-memory {folder}",
        dry_run=dry_run,
        db_path=db_path,
        as_json=as_json,
    )


@click.command("import-from-mem0")
@click.argument("source", metavar="FILE", type=click.Path())
@click.option("--project", help="Their project. [default: as the file says, else this folder's]")
@import_options
@pass_host
def from_mem0(
    host: Host,
    source: str,
    project: str | None,
    dry_run: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Import mem0's memories, from `get_all` or its export; `-` reads standard input.

    Example: codemem import mem0 memories.json --project shop --dry-run
    """
    here = host.project(None, everywhere=False)
    placed = 0

    def fill(incoming: Incoming) -> None:
        nonlocal placed
        with opened(source) as file:
            placed = mem0.fill(incoming, file, project=project, here=here)

    bring(
        host, fill, f"import from mem0 {source}", dry_run=dry_run, db_path=db_path, as_json=as_json
    )
    if placed:
        warn(f"{placed} without a project: stored for `{here}`; `--project` names another")
