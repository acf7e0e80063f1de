"""Exports, imports, and other tools' memories."""

from __future__ import annotations

from collections.abc import Iterable

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import DATA, Command

_COMMANDS = (
    ("export-memories", "transfer:export_memories", "Write memories to a file."),
    ("import-memories", "transfer:import_memories", "Store the memories of an export."),
    (
        "import-from-claude-files",
        "claude_files:import_from_claude_files",
        "Store what Claude Code itself remembers.",
    ),
    ("import-from-basic-memory", "importers:from_basic_memory", "Store basic-memory's notes."),
    ("import-from-claude-mem", "importers:from_claude_mem", "Store claude-mem's memories."),
    ("import-from-mem0", "importers:from_mem0", "Store mem0's memories."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_core.cli.commands."


@hookimpl
def codemem_commands() -> Iterable[Command]:
    """Offer what brings memories in and out."""
    return [
        Command(name=name, target=_MODULES + target, help=text, group=DATA)
        for name, target, text in _COMMANDS
    ]
