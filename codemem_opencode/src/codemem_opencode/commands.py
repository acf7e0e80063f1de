"""`codemem install-plugin` and `codemem install-mcp`: codemem in OpenCode's configuration."""

from __future__ import annotations

from pathlib import Path

import click

from codemem_core.commands import Host, pass_host, say
from codemem_opencode.mcp_entry import mcp_entry, wanted
from codemem_opencode.places import config_folder
from codemem_opencode.plugin_files import PluginFiles

_force = click.option("--force", "-f", is_flag=True, help="Replace what is there; keep a copy.")
_uninstall = click.option("--uninstall", is_flag=True, help="Remove codemem from it.")


@click.command("install-plugin")
@_force
@_uninstall
@pass_host
def install_plugin(host: Host, *, force: bool, uninstall: bool) -> None:
    """Install this codemem's plugin into OpenCode, for every project.

    A plugin that codemem installed is updated; any other file is kept unless forced, and copied
    before it is replaced.

    Example: codemem install-plugin
    """
    files = PluginFiles(config_folder(host.settings.environ))
    if uninstall:
        say("removed the plugin" if files.remove() else "the plugin is not installed")
    elif files.is_current() and not force:
        say(f"the plugin is installed: {files.entry}")
    elif files.foreign() and not force:
        say(f"something else is there: {files.foreign()}; --force replaces it")
    else:
        _say_kept(files.install())
        say(f"installed the plugin: {files.entry}; restart OpenCode")


@click.command("install-mcp")
@_force
@_uninstall
@pass_host
def install_mcp(host: Host, *, force: bool, uninstall: bool) -> None:
    """Add codemem's MCP server to OpenCode's configuration, so that the model can search.

    Comments and everything else in the file stay as they are; a copy of it is kept. What you
    configured for codemem yourself stays, unless forced.

    Example: codemem install-mcp
    """
    entry = mcp_entry(config_folder(host.settings.environ))
    if uninstall:
        files = entry.remove()
        say(f"removed from {files[0]}" if files else "the MCP server is not configured")
    elif entry.current() is not None and not force:
        say(f"the MCP server is configured: {entry.file}")
    else:
        _say_kept(entry.install(wanted()))
        say(f"configured the MCP server: {entry.file}; restart OpenCode")


def _say_kept(copy: Path | None) -> None:
    if copy:
        say(f"as it was: {copy}")
