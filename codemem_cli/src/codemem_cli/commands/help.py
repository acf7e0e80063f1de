"""Help for one command, or a list of all of them."""

from __future__ import annotations

from collections.abc import Iterable

import click

from codemem_cli.command_group import CommandGroup, UnknownCommand, host_of

_EXIT_CODES = (
    "0 success, 1 not found or refused, 2 wrong usage or setting, 3 the observer failed, "
    "4 the database cannot be used, 5 a plugin broke a rule, 130 interrupted."
)


@click.command("help")
@click.argument("command", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="List every command.")
@click.pass_context
def help_(context: click.Context, command: tuple[str, ...], *, everything: bool) -> None:
    """Show help for a command, or list every command.

    Example: codemem help --all
    """
    root = context.find_root()
    if everything:
        _list_all(root)
        return
    found: click.Command = root.command
    inner = root
    for name in command:
        child = found.get_command(inner, name) if isinstance(found, click.Group) else None
        if child is None:
            known = found.list_commands(inner) if isinstance(found, click.Group) else []
            raise UnknownCommand(name, known=known, ctx=inner)
        inner = click.Context(child, parent=inner, info_name=name)
        found = child
    click.echo(inner.get_help())


def _list_all(root: click.Context) -> None:
    """Print every command by heading, those of groups below their group."""
    assert isinstance(root.command, CommandGroup)
    commands = host_of(root).plugins.commands()
    listed = {path: each for path, each in commands.items() if not each.hidden}
    formatter = root.make_formatter()
    top = {name: each for name, each in listed.items() if not each.parent}
    for title, records in root.command.sections(top).items():
        _section(formatter, title, ((name, each.help) for name, each in records.items()))
    for parent in sorted({each.parent for each in listed.values()} - {""}):
        within = (each for each in listed.values() if each.parent == parent)
        _section(formatter, f"codemem {parent}", sorted((each.name, each.help) for each in within))
    called = {each.target: path for path, each in listed.items()}
    hidden = [(path, commands[path]) for path in sorted(commands) if commands[path].hidden]
    others = [(path, each.help) for path, each in hidden if each.target not in called]
    earlier = [
        (path, f"codemem {called[each.target]}") for path, each in hidden if each.target in called
    ]
    _section(formatter, "Also", others)
    _section(formatter, "Earlier names", earlier)
    with formatter.section("Exit codes"):
        formatter.write_text(_EXIT_CODES)
    click.echo(formatter.getvalue().strip("\n"))


def _section(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    with formatter.section(title):
        formatter.write_dl(list(rows))
