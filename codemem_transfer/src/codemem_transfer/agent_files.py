"""What agents are told by files: AGENTS.md and its kind, and the notes that agents keep."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from codemem_core.commands.host import Host, pass_host
from codemem_core.errors import NotFound
from codemem_core.plugins.registry import Plugins
from codemem_core.project import place_of
from codemem_transfer import claude_files
from codemem_transfer.commands.transfer import bring, import_options
from codemem_transfer.incoming import Incoming


@click.command("agent-files")
@click.argument("folder", type=click.Path(), required=False)
@import_options
@pass_host
def import_agent_files(
    host: Host, folder: str | None, dry_run: bool, db_path: str | None, as_json: bool
) -> None:
    """Import what files tell the agents of this machine, part by part.

    Reads AGENTS.md, CLAUDE.md and their kind in FOLDER, which is the current one if none is named,
    and what each agent keeps for you in your home. A part that changed replaces what was imported
    before; a block that `codemem distil agents-md` wrote is left out.

    Example: codemem import agent-files ~/src/shop --dry-run
    """
    cwd = os.path.abspath(os.path.expanduser(folder or "."))
    if not os.path.isdir(cwd):
        raise NotFound(f"no such folder: `{folder}`")

    def fill(incoming: Incoming) -> None:
        claude_files.take(incoming, cwd, label=lambda place: host.plugins.project(place, {}))
        for path, place in found(names(host.plugins), cwd):
            claude_files.take_file(
                incoming, path, host.plugins.project(place, {}) if place else None
            )

    label = "import of agents' files"
    bring(host, fill, label, dry_run=dry_run, db_path=db_path, as_json=as_json)


def names(plugins: Plugins) -> list[str]:
    """Return the files and folders that the agents' plugins name."""
    sources = plugins.ingest_sources().values()
    return sorted({name for each in sources for name in each.note_files})


def found(names: Iterable[str], cwd: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield each file of these names, and `cwd` where it is of a project; None for the user's own.

    Names below `~/` are the user's; the others lie in the project that `cwd` is in.
    """
    for name in names:
        is_own = name.startswith("~/")
        if not is_own and cwd is None:
            continue
        root = Path(place_of(cwd, environ={}).root or cwd or "/")
        place = Path(name).expanduser() if is_own else root / name
        for path in claude_files.files(place.parent, (place.name,)):
            yield path, None if is_own else cwd
