"""codemem's MCP server in OpenCode's configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codemem_core.commands import JsonEntry, mcp_command


def mcp_entry(folder: Path) -> JsonEntry:
    """Return `mcp.codemem` of a configuration folder, whose name is the agent's.

    OpenCode reads both files and takes the later word of `opencode.jsonc`; so does Kilo.
    """
    files = (folder / f"{folder.name}.json", folder / f"{folder.name}.jsonc")
    return JsonEntry(files, section="mcp")


def wanted() -> dict[str, Any]:
    """Return the entry for this machine: the installed program, else what `uvx` fetches."""
    command, environ = mcp_command()
    entry = {"type": "local", "command": command, "enabled": True}
    return {**entry, "environment": environ} if environ else entry
