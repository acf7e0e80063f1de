"""A group of commands that are records: listing them imports none of them."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from codemem_cli import command_table
from codemem_core.commands.host import Host
from codemem_core.commands.output import warn
from codemem_core.errors import CodememError, PluginError
from codemem_core.records.seams import GROUPS, MORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

    from codemem_core.records.seams import Command

_PASSING = (click.ClickException, click.exceptions.Exit, click.Abort, CodememError, OSError)
"""What a command may end with."""


BLOCKED = "codemem.blocked"
"""Where the program's context keeps the plugins to go without."""


def host_of(ctx: click.Context) -> Host:
    """Return the host of this run; made on first use, as most of `--help` needs none."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = Host(blocked=root.meta.get(BLOCKED, ()))
        for problem in root.obj.settings.problems:
            warn(f"codemem: {problem}")
    host: Host = root.obj
    return host


class UnknownCommand(click.UsageError):
    """There is no such command."""

    def __init__(self, name: str, *, known: list[str], ctx: click.Context) -> None:
        super().__init__(f"no such command: `{ctx.command_path} {name}`", ctx)
        from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

        near = get_close_matches(name, known, n=3)
        self.hint = f"did you mean {' or '.join(f'`{each}`' for each in near)}?" if near else ""


class CommandGroup(click.Group):
    """A group whose commands come from the program's table and from plugins."""

    def __init__(self, *args: Any, place: str = "", **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.place = place
        """The command line that calls the group; empty for the program itself."""

    def path(self, name: str) -> str:
        """Return what calls one of the group's commands."""
        return f"{self.place} {name}".strip()

    def records(self, ctx: click.Context) -> dict[str, Command]:
        """Return the group's commands by name, hidden ones too."""
        commands = host_of(ctx).plugins.commands().values()
        return {record.name: record for record in commands if record.parent == self.place}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that people call: ours in the order of the table, then the others."""
        return [name for name, record in self.records(ctx).items() if not record.hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; for one of our own no plugin is loaded."""
        target = command_table.target_of(self.path(cmd_name))
        if target is not None:
            host_of(ctx)
            module, _, name = target.partition(":")
            command = getattr(import_module(module), name)
        else:
            record = self.records(ctx).get(cmd_name)
            plugins = host_of(ctx).plugins
            command = None if record is None else plugins.target(record)
            if record is not None and not isinstance(command, click.Command):
                owner = plugins.provider(record)
                raise PluginError(f"plugin {owner}: `{record.target}` is no command")
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; a near miss is named."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            if name.startswith("-"):
                self.parse_args(ctx, args)
            raise UnknownCommand(name, known=[*self.records(ctx)], ctx=ctx)
        return name if command else None, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run the command; a fault in a plugin's names that plugin."""
        name = next(iter([*ctx._protected_args, *ctx.args]), "")
        if not name or command_table.target_of(self.path(name)):
            return super().invoke(ctx)
        if name not in (records := self.records(ctx)):
            return super().invoke(ctx)
        run = partial(super().invoke, ctx)
        return host_of(ctx).plugins.call_in_front(records[name], run, passing=_PASSING)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands from the records alone, as the shell's TAB waits for it."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for TAB

        records = self.records(ctx)
        commands = [
            CompletionItem(name, help=records[name].help)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the records alone, in sections for the program itself."""
        records = {name: each for name, each in self.records(ctx).items() if not each.hidden}
        for title, listed in self.sections(records).items():
            with formatter.section(title):
                formatter.write_dl([(name, each.help) for name, each in listed.items()])

    def sections(self, records: Mapping[str, Command]) -> dict[str, dict[str, Command]]:
        """Return the commands by heading."""
        if self.place:
            return {"Commands": dict(sorted(records.items()))} if records else {}
        others = sorted({record.group for record in records.values()} - {*GROUPS})
        found: dict[str, dict[str, Command]] = {}
        for group in (*GROUPS, *others):
            listed = {name: each for name, each in records.items() if each.group == group}
            if listed:
                found[group] = dict(sorted(listed.items(), key=self._order))
        return found

    def _order(self, item: tuple[str, Command]) -> tuple[bool, str]:
        """Return where a command stands under its heading: ours first; `More` by name."""
        name, record = item
        is_ours = command_table.target_of(self.path(name)) is not None
        return (False, name) if record.group == MORE else (not is_ours, "")
