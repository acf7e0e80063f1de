"""What codemem-gemini offers."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import Command, HostSetup, IngestSource, hookimpl


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Gemini CLI's hook payloads."""
    yield IngestSource(
        name="gemini",
        target="codemem_gemini.events:Gemini",
        help="Gemini CLI, through its hooks.",
        agent_marks=("GEMINI_CLI", "GEMINI_SESSION_ID"),
        session_mark="GEMINI_SESSION_ID",
        note_files=("~/.gemini/GEMINI.md", "GEMINI.md"),
    )


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What Gemini CLI's hooks call."""
    yield Command(
        name="gemini-hook",
        target="codemem_gemini.commands:gemini_hook",
        help="Answer a Gemini CLI hook and store its payload.",
        hidden=True,
    )


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """Gemini CLI's extension."""
    yield HostSetup(name="gemini", target="codemem_gemini.setup:Setup", help="Gemini CLI")
