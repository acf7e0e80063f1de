"""`codemem mcp` as click sees it: for `--help` and options."""

from __future__ import annotations

import click

from codemem_core import paths
from codemem_core.commands.host import Host, db_option, pass_host
from codemem_mcp.relay import relay


@click.command()
@db_option
@pass_host
def mcp(host: Host, db_path: str | None) -> None:
    """Serve memories to a coding agent over MCP (stdio).

    Agents start it themselves; it ends when its standard input does. The local server answers
    where one runs, else this process does.

    Example: codemem mcp
    """
    relay(host.settings, paths.database_path(host.settings, db_path))
