"""What is installed, and the start of a plugin of your own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from codemem_cli.skeleton import SEAMS, write_package
from codemem_core import paths
from codemem_core.commands.host import Group, Host, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.plugins.server_faults import with_faults
from codemem_core.records.plugin import PluginInfo


@click.group(cls=Group, invoke_without_command=True)
@json_option
@pass_host
@click.pass_context
def plugins(ctx: click.Context, host: Host, as_json: bool) -> None:
    """List plugins: origin, what each offers, and problems.

    Example: codemem -p no:viewer plugins
    """
    if ctx.invoked_subcommand is not None:
        return
    listing = with_faults(host.plugins.listing(), paths.database_path(host.settings))
    if as_json:
        say_json({"plugins": [asdict(info) for info in listing]})
        return
    for info in listing:
        origin = f"{info.distribution} {info.version}".strip()
        say(f"{info.name:12} {info.state:8} {origin:28} {_offers(info)}")
        if info.fast_commands:
            say(f"{'':12} fast: {', '.join(info.fast_commands)}")
        if info.problem:
            say(f"{'':12} {info.problem}")


def _offers(info: PluginInfo) -> str:
    seams = ", ".join(hook.removeprefix("codemem_") for hook in info.hooks)
    return f"{seams} (third-party)" if info.third_party else seams


@plugins.command()
@click.argument("name")
@click.option("--seam", type=click.Choice(sorted(SEAMS)), required=True, help="What it offers.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where its folder goes. [default: here]",
)
@json_option
def new(name: str, seam: str, into: Path, as_json: bool) -> None:
    """Create a package to start from; its tests pass.

    Example: codemem plugins new keyring --seam auth
    """
    files = write_package(name, seam, into)
    if as_json:
        say_json({"files": [str(path) for path in files]})
        return
    for path in files:
        say(str(path))
    say(f"Next: cd {into / f'codemem-{name}'} && pip install -e '.[test]' && pytest")
