"""What OpenCode adds to codemem."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import (
    Command,
    FlushPolicy,
    HostSetup,
    IngestSource,
    Setting,
    hookimpl,
)
from codemem_opencode.settings import SETTINGS


@hookimpl
def codemem_settings() -> tuple[Setting, ...]:
    """What steers the plugin in OpenCode."""
    return SETTINGS


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """Understand the events of OpenCode's plugin, bus and hooks."""
    yield IngestSource(
        name="opencode",
        target="codemem_opencode.events:OpenCode",
        help="OpenCode sessions.",
        agent_marks=("OPENCODE", "OPENCODE_CALLER"),
        takes_unnamed=True,
        session_keys=("opencode_session_id",),
        note_files=("~/.config/opencode/AGENTS.md", "AGENTS.md"),
    )
    yield IngestSource(
        name="kilo",
        target="codemem_opencode.events:Kilo",
        help="Kilo sessions, through OpenCode's plugin.",
        agent_marks=("KILO",),
    )


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """The end of a session, and much that has gathered."""
    yield FlushPolicy(
        name="opencode_boundary",
        target="codemem_opencode.policies:Boundary",
        help="Flush an OpenCode session when it ends or fails.",
    )
    yield FlushPolicy(
        name="opencode_thresholds",
        target="codemem_opencode.policies:Thresholds",
        help="Flush an OpenCode session after 50 tools, 15 prompts or 10 minutes.",
    )


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What puts codemem into OpenCode's configuration, one thing at a time."""
    yield Command(
        name="install-plugin",
        target="codemem_opencode.commands:install_plugin",
        help="Install the plugin into OpenCode.",
        hidden=True,
    )
    yield Command(
        name="install-mcp",
        target="codemem_opencode.commands:install_mcp",
        help="Add the MCP server to OpenCode's configuration.",
        hidden=True,
    )


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """OpenCode's plugin and MCP server."""
    yield HostSetup(name="opencode", target="codemem_opencode.setup:Setup", help="OpenCode")
    yield HostSetup(name="kilo", target="codemem_opencode.setup:KiloSetup", help="Kilo")
