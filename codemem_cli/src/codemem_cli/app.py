"""The click program: commands come from plugins and are imported when they are called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from codemem_cli import command_table
from codemem_core._version import __version__
from codemem_core.commands.host import Host
from codemem_core.commands.output import warn
from codemem_core.errors import CodememError, PluginError
from codemem_core.records.seams import GROUPS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from codemem_core.records.seams import Command

_BLOCKED = "codemem.blocked"
_PASSING = (click.ClickException, click.exceptions.Exit, click.Abort, CodememError, OSError)
"""What a command may end with."""


class LazyGroup(click.Group):
    """A group whose commands are records: listing them imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names people call, in order."""
        return sorted(name for name, record in _records(ctx).items() if not record.hidden)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; for one of the core's own no plugin is loaded."""
        target = command_table.target_of(cmd_name)
        if target is not None:
            _host(ctx)
            module, _, name = target.partition(":")
            command = getattr(import_module(module), name)
        else:
            record = _records(ctx).get(cmd_name)
            command = None if record is None else _host(ctx).plugins.target(record)
            if record is not None and not isinstance(command, click.Command):
                owner = _host(ctx).plugins.provider(record)
                raise PluginError(f"plugin {owner}: `{record.target}` is no command")
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run the command; a fault in somebody else's names its plugin instead of ours."""
        name = next(iter([*ctx._protected_args, *ctx.args]), "")
        if command_table.target_of(name) or name not in (records := _records(ctx)):
            return super().invoke(ctx)
        run = partial(super().invoke, ctx)
        return _host(ctx).plugins.call_in_front(records[name], run, passing=_PASSING)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands from the records alone, as the shell's TAB waits for it."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for TAB

        records = _records(ctx)
        commands = [
            CompletionItem(name, help=records[name].help)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists from the records alone."""
        records = _records(ctx)
        names = self.list_commands(ctx)
        others = sorted({records[name].group for name in names} - {*GROUPS})
        widest = max(map(len, names), default=0)
        for group in (*GROUPS, *others):
            rows = [
                (name.ljust(widest), records[name].help)
                for name in names
                if records[name].group == group
            ]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)


def _block(ctx: click.Context, _: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    for value in values:
        if not value.startswith("no:"):
            raise click.BadParameter(f"not `no:NAME`: `{value}`", ctx=ctx)
    ctx.meta[_BLOCKED] = [value.removeprefix("no:") for value in values]
    return values


def _host(ctx: click.Context) -> Host:
    root = ctx.find_root()
    if root.obj is None:
        root.obj = Host(blocked=root.meta.get(_BLOCKED, ()))
        for problem in root.obj.settings.problems:
            warn(f"codemem: {problem}")
    host: Host = root.obj
    return host


def _records(ctx: click.Context) -> dict[str, Command]:
    commands = _host(ctx).plugins.commands()
    return {name: record for name, record in commands.items() if not record.parent}


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.option(
    "-p",
    "plugins",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=_block,
    metavar="no:NAME",
    help="Run without a plugin; may be repeated.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Persistent memory for coding agents.

    Exit codes: 0 done, 1 not found, refused or an unusable file, 2 wrong usage or setting, 3 the
    observer failed, 4 the database cannot be used, 5 a plugin broke a rule, 130 stopped.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit code; errors become one line and a hint."""
    try:
        result = cli.main(args=list(arguments), prog_name="codemem", standalone_mode=False)
    except BrokenPipeError:
        # The reader (`head`, a closed pager) has seen enough.
        sys.stderr.close()
        return 0
    except (click.ClickException, click.Abort, CodememError, OSError) as error:
        return _tell(error)
    return result if isinstance(result, int) else 0


def _tell(error: Exception) -> int:
    """Say what went wrong and what to do about it; return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()  # a group without a command
        return error.exit_code
    code, hint, text = 1, "", str(error)
    if isinstance(error, click.ClickException):
        code, text = error.exit_code, error.format_message()
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"`{error.ctx.command_path} --help`"
    elif isinstance(error, click.Abort):
        code, text = 130, "stopped"
    elif isinstance(error, CodememError):
        code, hint = error.exit_code, error.hint
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: `{error.filename}`" if error.filename else error.strerror
    warn(f"codemem: {text}")
    if hint:
        warn(f"hint: {hint}")
    return code
