"""Measurements of search and packs."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command

_COMMANDS = (
    ("eval", "commands.evaluate:evaluate", "Measure search and packs on judged questions."),
    ("pack-benchmark", "commands.evaluate:pack_benchmark", "Measure how large packs are."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_eval."


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer the commands that measure."""
    for name, target, text in _COMMANDS:
        yield Command(name=name, target=_MODULES + target, help=text, parent="dev")
        yield Command(name=name, target=_MODULES + target, help=text, hidden=True)
    evaluate = _MODULES + _COMMANDS[0][1]
    yield Command(name="hybrid-eval", target=evaluate, help="The same as `eval`.", hidden=True)
