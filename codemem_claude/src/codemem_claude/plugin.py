"""What codemem-claude offers."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_claude.hook_host import SETTINGS
from codemem_core.api import (
    SERVICE,
    Command,
    FlushPolicy,
    HostSetup,
    IngestSource,
    Setting,
    hookimpl,
)

CODEMEM_API = 1
# Other agents run Claude Code's plugins unchanged.
_AGENT_MARKS = (
    "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_THREAD_ID", "CODEX_CI", "COPILOT_CLI", "GEMINI_CLI", "QWEN_CODE", "CURSOR_AGENT",
)  # fmt: skip


@hookimpl
def codemem_settings() -> tuple[Setting, ...]:
    """What steers Claude Code's hooks."""
    return SETTINGS


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Claude Code's hook payloads."""
    yield IngestSource(
        name="claude",
        target="codemem_claude.events:Claude",
        help="Claude Code, through its hooks.",
        hook_path="/api/claude-hooks",
        agent_marks=_AGENT_MARKS,
        session_mark="CLAUDE_CODE_SESSION_ID",
    )
    yield IngestSource(
        name="qwen",
        target="codemem_claude.qwen:Qwen",
        help="Qwen Code, through Claude Code's plugin.",
        agent_marks=("QWEN_CODE_SESSION_ID",),
        session_mark="QWEN_CODE_SESSION_ID",
    )


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """The end of a session."""
    yield FlushPolicy(
        name="claude_boundary",
        target="codemem_claude.boundary:Boundary",
        help="Flush a Claude Code session when it ends.",
    )


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What the hooks call, what tells whether they work, and the demonstration."""
    yield Command(
        name="claude-hook-ingest",
        target="codemem_claude.commands:claude_hook_ingest",
        help="Store a Claude Code hook payload from standard input.",
        hidden=True,
    )
    yield Command(
        name="claude-hook-inject",
        target="codemem_claude.commands:claude_hook_inject",
        help="Print the context for a Claude Code prompt from standard input.",
        hidden=True,
    )
    yield Command(
        name="ingest-claude-hook",
        target="codemem_claude.commands:ingest_claude_hook",
        help="Store a Claude Code hook payload in the database, past the server.",
        hidden=True,
    )
    yield Command(
        name="claude-integration-status",
        target="codemem_claude.status:status",
        help="Report whether Claude Code's events arrive and become memories, as JSON.",
        hidden=True,
    )
    yield Command(
        name="demo",
        target="codemem_claude.demo.command:demo",
        help="Watch codemem work on a recorded session, offline.",
        group=SERVICE,
    )


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """Claude Code's plugin."""
    yield HostSetup(name="claude", target="codemem_claude.setup:Setup", help="Claude Code")
