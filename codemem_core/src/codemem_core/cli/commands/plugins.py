"""What is installed."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_core.cli.host import Host, json_option, pass_host
from codemem_core.cli.output import say, say_json
from codemem_core.records.plugin import PluginInfo


@click.command()
@json_option
@pass_host
def plugins(host: Host, as_json: bool) -> None:
    """List plugins: where each comes from, what it offers, and what is wrong with it.

    Example: codemem -p no:viewer plugins
    """
    listing = host.plugins.listing()
    if as_json:
        say_json({"plugins": [asdict(info) for info in listing]})
        return
    for info in listing:
        origin = f"{info.distribution} {info.version}".strip()
        say(f"{info.name:12} {info.state:8} {origin:28} {_offers(info)}")
        if info.problem:
            say(f"{'':12} {info.problem}")


def _offers(info: PluginInfo) -> str:
    seams = ", ".join(hook.removeprefix("codemem_") for hook in info.hooks)
    return f"{seams} (third-party)" if info.third_party else seams
