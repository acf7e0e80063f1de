"""Exports, imports, and other tools' memories."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import DATA, Command

_COMMANDS = (
    ("export-memories", "commands.transfer:export_memories", "Write memories to a file."),
    ("import-memories", "commands.transfer:import_memories", "Store the memories of an export."),
    (
        "import-from-claude-files",
        "claude_files:import_from_claude_files",
        "Store what Claude Code itself remembers.",
    ),
    (
        "import-from-basic-memory",
        "commands.importers:from_basic_memory",
        "Store basic-memory's notes.",
    ),
    (
        "import-from-claude-mem",
        "commands.importers:from_claude_mem",
        "Store claude-mem's memories.",
    ),
    ("import-from-mem0", "commands.importers:from_mem0", "Store mem0's memories."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_transfer."


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer what brings memories in and out."""
    for name, target, text in _COMMANDS:
        yield Command(name=name, target=_MODULES + target, help=text, group=DATA)
    yield Command(
        name="adopt",
        target=_MODULES + "commands.adopt:adopt",
        help="Bring over what a database of codemem 0.19 holds.",
        parent="db",
    )
