"""The version, for people and for the scripts of the hosts."""

from __future__ import annotations

import click

from codemem_core._version import __version__
from codemem_core.commands.host import json_option
from codemem_core.commands.output import say, say_json


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version and nothing else.

    Example: codemem version
    """
    if as_json:
        say_json({"version": __version__})
    else:
        say(__version__)
