"""What codemem-copilot offers."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import Command, HostSetup, IngestSource, hookimpl


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Copilot's hook payloads."""
    yield IngestSource(
        name="copilot",
        target="codemem_copilot.events:Copilot",
        help="GitHub Copilot CLI, through its hooks.",
        agent_marks=("COPILOT_CLI",),
        note_files=(
            "~/.copilot/copilot-instructions.md",
            ".github/copilot-instructions.md",
            "AGENTS.md",
        ),
    )


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What Copilot's hooks call."""
    yield Command(
        name="copilot-hook",
        target="codemem_copilot.commands:copilot_hook",
        help="Answer a Copilot hook and store its payload.",
        hidden=True,
    )


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """Copilot's hooks file and MCP server."""
    yield HostSetup(name="copilot", target="codemem_copilot.setup:Setup", help="GitHub Copilot CLI")
