"""What codemem-codex offers."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import Command, HostSetup, IngestSource, hookimpl

CODEMEM_API = 1


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Codex's hook payloads and session logs."""
    yield IngestSource(
        name="codex",
        target="codemem_codex.events:Codex",
        help="Codex CLI, through its hooks.",
        agent_marks=("CODEX_THREAD_ID", "CODEX_SANDBOX", "CODEX_CI"),
        session_mark="CODEX_THREAD_ID",
        note_files=("~/.codex/AGENTS.md", "~/.codex/memories", "AGENTS.md"),
    )


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What the hooks call."""
    yield Command(
        name="codex-hook",
        target="codemem_codex.commands:codex_hook",
        help="Answer and store a Codex hook payload from standard input.",
        hidden=True,
    )


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """Codex's hooks file and configuration."""
    yield HostSetup(name="codex", target="codemem_codex.setup:Setup", help="Codex CLI")
