"""Settings in the config file; some of them the server lets nobody set."""

from __future__ import annotations

import click

from codemem_cli.editor import require_terminal
from codemem_core.commands.host import Group, Host, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.config import file
from codemem_core.config.setting import Setting
from codemem_core.errors import SettingsError


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Show and change settings in the config file.

    Comments and the order of the file are kept.

    Example: codemem config set observer_model gpt-5.1-codex-mini
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@config.command("list")
@click.option("--all", "everything", is_flag=True, help="Include defaults, with what each is for.")
@json_option
@pass_host
def list_(host: Host, everything: bool, as_json: bool) -> None:
    """List the settings that are set, and where; secrets are not shown.

    Example: codemem config list --all
    """
    _ = host.plugins  # their settings too
    listed = [
        setting
        for setting in host.settings.all()
        if everything or host.settings.where(setting.key) != "default"
    ]
    if as_json:
        problems = list(host.settings.problems)
        say_json({"settings": [_told(host, each) for each in listed], "problems": problems})
        return
    for setting in listed:
        help_text = f"  {setting.help}" if everything else ""
        where = host.settings.where(setting.key)
        say(f"{setting.key} = {_shown(host, setting)}  ({where}){help_text}")
    for problem in host.settings.problems:
        say(problem)
    if not listed:
        say("Nothing is set: defaults apply.")


def _told(host: Host, setting: Setting) -> dict[str, object]:
    value = _shown(host, setting) if setting.secret else host.settings.value(setting.key)
    where = host.settings.where(setting.key)
    return {"key": setting.key, "env": setting.env, "value": value, "where": where}


def _shown(host: Host, setting: Setting) -> str:
    return "(secret)" if setting.secret else str(host.settings.value(setting.key))


@config.command()
@click.argument("key")
@json_option
@pass_host
def get(host: Host, key: str, as_json: bool) -> None:
    """Print the effective value of a setting.

    Example: codemem config get inject_token_budget
    """
    _ = host.plugins
    setting = next((each for each in host.settings.all() if each.key == key), None)
    if setting is None:
        raise SettingsError(f"no such setting: `{key}`", hint="`codemem config list --all`")
    if as_json:
        say_json(_told(host, setting))
    else:
        say(_shown(host, setting))


@config.command("set")
@click.argument("key")
@click.argument("value")
@json_option
@pass_host
def set_(host: Host, key: str, value: str, as_json: bool) -> None:
    """Set a key; give lists and mappings as JSON.

    Example: codemem config set observer_auth_command '["pass", "show", "openai"]'
    """
    _ = host.plugins
    path = file.change(host.settings, {key: value})
    overruled = host.settings.where(key) == "environment"
    if as_json:
        say_json({"key": key, "path": path, "overruled": overruled})
        return
    say(f"{key} is set in {path}")
    if overruled:
        say("the environment sets it too and takes precedence")


@config.command()
@click.argument("key")
@json_option
@pass_host
def unset(host: Host, key: str, as_json: bool) -> None:
    """Remove a key, so that its default applies.

    Example: codemem config unset observer_model
    """
    _ = host.plugins
    path = file.change(host.settings, {key: None})
    if as_json:
        say_json({"key": key, "path": path})
    else:
        say(f"{key} is not set in {path}")


@config.command("path")
@json_option
@pass_host
def path_(host: Host, as_json: bool) -> None:
    """Print the path of the config file.

    Example: codemem config path
    """
    path = file.place(host.settings)
    if as_json:
        say_json({"path": path})
    else:
        say(path)


@config.command()
@pass_host
def edit(host: Host) -> None:
    """Open the config file in $EDITOR; a file that cannot be parsed is not saved.

    Example: codemem config edit
    """
    _ = host.plugins
    require_terminal("`codemem config set KEY VALUE`, or edit the file `codemem config path` names")
    text = click.edit(file.text(host.settings) or "{\n}\n", extension=".jsonc")
    if text is None:
        say("nothing was changed: the file was not saved")
        return
    path = file.rewrite(host.settings, text)
    say(f"{path} is written")
    for problem in host.settings.problems:
        say(problem)
