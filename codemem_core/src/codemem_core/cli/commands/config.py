"""Settings in the config file; some of them the server lets nobody set."""

from __future__ import annotations

import click

from codemem_core import config_file
from codemem_core.cli.host import Host, pass_host
from codemem_core.cli.output import say
from codemem_core.records.setting import Setting


@click.group(invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Show, set and unset what stands in the config file.

    Example: codemem config set observer_model gpt-5.1-codex-mini
    """
    if context.invoked_subcommand is None:
        _list(context.find_object(Host) or Host())


def _list(host: Host) -> None:
    _ = host.plugins  # their settings too
    for setting in host.settings.all():
        where = host.settings.where(setting.key)
        if where != "default":
            say(f"{setting.key} = {_shown(host, setting)}  ({where})")
    for problem in host.settings.problems:
        say(problem)


def _shown(host: Host, setting: Setting) -> str:
    return "(secret)" if setting.secret else str(host.settings.value(setting.key))


@config.command("set")
@click.argument("key")
@click.argument("value")
@pass_host
def set_(host: Host, key: str, value: str) -> None:
    """Set a key; lists and mappings are written as JSON.

    Example: codemem config set observer_auth_command '["pass", "show", "openai"]'
    """
    _ = host.plugins  # their settings too
    path = config_file.change(host.settings, {key: value})
    say(f"{key} is set in {path}")
    if host.settings.where(key) == "environment":
        say("the environment sets it too, and wins")


@config.command()
@click.argument("key")
@pass_host
def unset(host: Host, key: str) -> None:
    """Take a key out, so that its default counts.

    Example: codemem config unset observer_model
    """
    _ = host.plugins
    path = config_file.change(host.settings, {key: None})
    say(f"{key} is not set in {path}")
