"""The program's own commands go through the same hook as everybody's."""

from __future__ import annotations

from collections.abc import Iterable

from codemem_cli.command_table import COMMANDS, MODULES
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command, HealthCheck


@hookimpl
def codemem_commands() -> Iterable[Command]:
    """Offer what a person asks of memories, events and plugins."""
    return [
        Command(name=name, target=MODULES + target, help=text, group=group)
        for group, commands in COMMANDS.items()
        for name, target, text in commands
    ]


@hookimpl
def codemem_health_checks() -> Iterable[HealthCheck]:
    """Offer to look at everything that is not one plugin's alone."""
    return [HealthCheck(name="installation", target="codemem_cli.health.checks:Installation")]
