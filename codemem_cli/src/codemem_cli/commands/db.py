"""The commands of `codemem db`, each imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from codemem_core.commands.host import Host
from codemem_core.records.seams import Command

_COMMANDS = {
    "backup": ("db_file:backup", "Copy the database into `backups/`, checked."),
    "check": ("db_file:check", "Look through the whole database."),
    "merge-duplicates": ("db_upkeep:merge_duplicates", "Merge memories that say the same."),
    "normalize-projects": ("db_upkeep:normalize_projects", "Shorten project names that are paths."),
    "prune-memories": ("db_upkeep:prune_memories", "Forget memories that say nothing."),
    "prune-observations": ("db_upkeep:prune_observations", "Forget observations that say nothing."),
    "prune-old": ("db_upkeep:prune_old", "Forget memories of what happened long ago."),
    "rename-project": ("project:rename", "Give a project another name."),
    "restore": ("db_file:restore", "Put a backup in the place of the database."),
    "salvage": ("db_file:salvage", "Save what can be read of a damaged database."),
    "size-report": ("db_upkeep:size_report", "Say what takes the room."),
    "stats": ("stats:stats", "Say how much is stored, what waits and what it cost."),
    "vacuum": ("db_upkeep:vacuum", "Write the database anew without deleted rows."),
}


class _Database(click.Group):
    """Lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *_plugged(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name][0].partition(":")
            command = getattr(import_module(f"codemem_cli.commands.{module}"), name)
        elif record := _plugged(ctx).get(cmd_name):
            command = ctx.ensure_object(Host).plugins.target(record)
        else:
            return None
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        helps = {name: text for name, (_, text) in _COMMANDS.items()}
        helps |= {name: record.help for name, record in _plugged(ctx).items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(helps.items()))


def _plugged(ctx: click.Context) -> dict[str, Command]:
    """Return the subcommands that plugins add to this group."""
    commands = ctx.ensure_object(Host).plugins.commands()
    return {name: record for name, record in commands.items() if record.parent == "db"}


@click.group(cls=_Database)
def db() -> None:
    """Back up, check, repair, tidy or bring over a database.

    Example: codemem db check
    """
