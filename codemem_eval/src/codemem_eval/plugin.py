"""Measurements of search and packs."""

from __future__ import annotations

from collections.abc import Iterable

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import FIGURES, Command

_COMMANDS = (
    ("eval", "commands.evaluate:evaluate", "Measure search and packs on judged questions."),
    ("hybrid-eval", "commands.evaluate:evaluate", "The same as `eval`."),
    ("pack-benchmark", "commands.evaluate:pack_benchmark", "Say how large packs get."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_eval."


@hookimpl
def codemem_commands() -> Iterable[Command]:
    """Offer the commands that measure."""
    return [
        Command(name=name, target=_MODULES + target, help=text, group=FIGURES)
        for name, target, text in _COMMANDS
    ]
