"""The program's own commands go through the same hook as everybody's."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_cli import command_table as table
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command, HealthCheck


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer what a person asks of memories, events and plugins."""
    for group, commands in table.COMMANDS.items():
        for name, target, text in commands:
            yield Command(name=name, target=table.MODULES + target, help=text, group=group)
    for parent, commands in table.SUBCOMMANDS.items():
        for name, target, text in commands:
            yield Command(name=name, target=table.MODULES + target, help=text, parent=parent)
    for name, target, text in table.HIDDEN:
        yield Command(name=name, target=table.MODULES + target, help=text, hidden=True)
    for path, text in table.unlisted():
        parent, _, name = path.rpartition(" ")
        target = table.target_of(path) or ""
        yield Command(name=name, target=target, help=text, parent=parent, hidden=True)


@hookimpl
def codemem_health_checks() -> Iterator[HealthCheck]:
    """Offer to look at everything that is not one plugin's alone."""
    yield HealthCheck(name="installation", target="codemem_cli.health.checks:Installation")
