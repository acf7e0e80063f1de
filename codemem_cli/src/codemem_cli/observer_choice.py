"""Let a person choose who observes, naming where text would go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import click

from codemem_core.commands.host import Host
from codemem_core.commands.output import say
from codemem_core.config import file
from codemem_core.observers.destination import is_chosen

_KEYS = {
    "ANTHROPIC_API_KEY": ("anthropic", "Anthropic (api.anthropic.com)"),
    "OPENAI_API_KEY": ("openai", "OpenAI (api.openai.com)"),
}
"""By environment variable: the provider, and who that is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One observer to choose."""

    text: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """What goes into the config file."""


def choices(environ: Mapping[str, str]) -> Iterator[Choice]:
    """Yield what can be chosen on this machine; the first one sends nothing anywhere."""
    yield Choice(
        "rules, without a model: free, and text stays on this machine",
        {"observer_runtime": "extractive"},
    )
    if shutil.which("claude", path=environ.get("PATH")):
        yield Choice(
            "Claude, through the `claude` command: text goes to Anthropic, on your plan",
            {"observer_runtime": "claude_sidecar"},
        )
    for variable, (provider, vendor) in _KEYS.items():
        if environ.get(variable):
            yield Choice(
                f"a model of {vendor}, with {variable}: text goes there, you pay per token",
                {"observer_runtime": "api_http", "observer_provider": provider},
            )


def choose_observer(host: Host) -> None:
    """Ask who turns sessions into memories, unless that is settled, and write it down."""
    if is_chosen(host.settings):
        return
    offered = list(choices(host.settings.environ))
    if len(offered) == 1:
        say(f"\nMemories are written by {offered[0].text}.")
        say("`codemem config set observer_provider …` chooses a model later.")
        return
    say("\nWho turns your sessions into memories?")
    for number, choice in enumerate(offered, start=1):
        say(f"  {number}  {choice.text}")
    picked = click.prompt("Choose", type=click.IntRange(1, len(offered)), default=1)
    path = file.change(host.settings, offered[picked - 1].settings)
    say(f"Written to {path}; `codemem status` shows it.")
