"""The click program: commands come from plugins and are imported when they are called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from codemem_cli.command_group import BLOCKED, CommandGroup, host_of
from codemem_core._version import __version__
from codemem_core.commands.output import warn
from codemem_core.errors import CodememError


def _block(ctx: click.Context, _: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    for value in values:
        if not value.startswith("no:"):
            raise click.BadParameter(f"not `no:NAME`: `{value}`", ctx=ctx)
    ctx.meta[BLOCKED] = [value.removeprefix("no:") for value in values]
    return values


@click.command(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(version)s")
@click.option(
    "-p",
    "plugins",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=_block,
    metavar="no:NAME",
    help="Run without a plugin; repeatable.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Persistent memory for coding agents.

    Without a command: the state, the newest memories and what to do next.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is None:
        from codemem_cli.commands.overview import overview  # noqa: PLC0415 - only without a command

        overview(host_of(context))


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit code; errors become one line and a hint."""
    try:
        result = cli.main(args=list(arguments), prog_name="codemem", standalone_mode=False)
    except BrokenPipeError:
        # The reader (`head`, a closed pager) has seen enough.
        sys.stderr.close()
        return 0
    except (click.ClickException, click.Abort, CodememError, OSError) as error:
        return _report(error)
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    """Print what went wrong and what to do about it; return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()  # a group without a command
        return error.exit_code
    code, hint, text = 1, "", str(error)
    if isinstance(error, click.ClickException):
        code, text, hint = error.exit_code, error.format_message(), getattr(error, "hint", "")
        if not hint and isinstance(error, click.UsageError) and error.ctx is not None:
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
