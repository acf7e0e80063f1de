"""Exports, imports, and other tools' memories."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.config.setting import Setting
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import MORE, BackgroundWorker, Command

_IMPORTS = (
    ("agent-files", "agent_files:import_agent_files", "Import AGENTS.md and its kind."),
    ("basic-memory", "commands.importers:from_basic_memory", "Import basic-memory's notes."),
    ("claude-files", "claude_files:import_from_claude_files", "Import Claude Code's own memory."),
    ("claude-mem", "commands.importers:from_claude_mem", "Import claude-mem's memories."),
    ("mem0", "commands.importers:from_mem0", "Import mem0's memories."),
    ("memories", "commands.transfer:import_memories", "Import a file that `export` wrote."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_transfer."


@hookimpl
def codemem_settings() -> Iterator[Setting]:
    """Offer how often agents' files are looked at."""
    yield Setting(
        "agent_files_poll_s",
        "CODEMEM_AGENT_FILES_POLL_S",
        kind="number",
        default=30,
        least=0,
        help="Seconds between two looks at AGENTS.md, CLAUDE.md and the notes agents keep; what"
        " changed is imported. 0: never, only `codemem import agent-files` does it.",
    )


@hookimpl
def codemem_workers() -> Iterator[BackgroundWorker]:
    """Follow the files that agents are told by."""
    yield BackgroundWorker(name="agent_files", target=_MODULES + "following:AgentFilesWorker")


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer what brings memories in and out."""
    yield Command(
        name="export",
        target=_MODULES + "commands.transfer:export_memories",
        help="Write memories to a file.",
        group=MORE,
    )
    yield Command(
        name="export-memories",
        target=_MODULES + "commands.transfer:export_memories",
        help="The earlier name of `export`.",
        hidden=True,
    )
    for name, target, text in _IMPORTS:
        yield Command(name=name, target=_MODULES + target, help=text, parent="import")
        if name == "agent-files":
            continue
        earlier = "import-memories" if name == "memories" else f"import-from-{name}"
        note = f"The earlier name of `import {name}`."
        yield Command(name=earlier, target=_MODULES + target, help=note, hidden=True)
    yield Command(
        name="agents-md",
        target=_MODULES + "commands.agents_md:agents_md",
        help="Propose your rules and the project card as a block of AGENTS.md.",
        parent="distil",
    )
    yield Command(
        name="adopt",
        target=_MODULES + "commands.adopt:adopt",
        help="Import a database of codemem 0.19.",
        parent="db",
    )
