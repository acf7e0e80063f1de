"""The version, for people and for the scripts of the hosts."""

from __future__ import annotations

import click

from codemem_core._version import __version__


@click.command()
def version() -> None:
    """Print the version and nothing else.

    Example: codemem version
    """
    click.echo(__version__)
