"""Let a person choose how long the text of sessions is kept."""

from __future__ import annotations

import click

from codemem_core.commands.host import Host
from codemem_core.commands.output import say
from codemem_core.config import file

_DAY_MS = 86_400_000
CHOICES = {
    "for ever: `codemem queue reobserve` can make the memories anew with another model": 0,
    "a year": 365 * _DAY_MS,
    "90 days": 90 * _DAY_MS,
    "30 days": 30 * _DAY_MS,
}
"""By what is said of it: milliseconds, 0 deletes nothing."""


def choose_retention(host: Host) -> None:
    """Ask how long text is kept once memories are made of it, unless that is settled."""
    if host.settings.where("raw_events_retention_ms") != "default":
        return
    say("\nHow long is the text of a session kept, once memories are made of it? They stay.")
    for number, text in enumerate(CHOICES, start=1):
        say(f"  {number}  {text}")
    picked = click.prompt("Choose", type=click.IntRange(1, len(CHOICES)), default=1)
    kept_ms = list(CHOICES.values())[picked - 1]
    if kept_ms:
        path = file.change(host.settings, {"raw_events_retention_ms": str(kept_ms)})
        say(f"Written to {path}; `codemem status` shows what the text takes.")
