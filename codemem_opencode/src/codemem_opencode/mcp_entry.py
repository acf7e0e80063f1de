"""codemem's MCP server in OpenCode's configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codemem_core.api import CodememError, jsonc, jsonc_edit
from codemem_core.commands import keep_copy, mcp_command, replace_file

_PATH = ("mcp", "codemem")


class McpEntry:
    """`mcp.codemem` of one configuration folder."""

    def __init__(self, folder: Path) -> None:
        plain, commented = folder / "opencode.json", folder / "opencode.jsonc"
        # OpenCode reads both and takes the later word of `opencode.jsonc`.
        self.file = commented if commented.exists() else plain
        self._all = (plain, commented)

    def current(self) -> Any:  # noqa: ANN401 - whatever stands there
        """Return what is configured, or None; raises `CodememError` for a file one cannot read."""
        found = [_servers(file).get("codemem") for file in self._all]
        return next((entry for entry in found if entry is not None), None)

    def install(self) -> Path | None:
        """Set the entry; return the copy of the file as it was, if there was one."""
        _servers(self.file)
        return self._edit(self.file, jsonc_edit.set_value(_read(self.file), _PATH, wanted()))

    def remove(self) -> list[Path]:
        """Take the entry out of every file; return those that had it."""
        changed = [file for file in self._all if "codemem" in _servers(file)]
        for file in changed:
            only = len(_servers(file)) == 1
            self._edit(file, jsonc_edit.remove(_read(file), _PATH[:1] if only else _PATH))
        return changed

    def _edit(self, file: Path, text: str) -> Path | None:
        kept = keep_copy(file) if file.exists() else None
        replace_file(file, text)
        return kept


def wanted() -> dict[str, Any]:
    """Return the entry for this machine: the installed program, else what `uvx` fetches."""
    command, environ = mcp_command()
    entry = {"type": "local", "command": command, "enabled": True}
    return {**entry, "environment": environ} if environ else entry


def _servers(file: Path) -> dict[str, Any]:
    """Return what a file configures under `mcp`; raises `CodememError` when it cannot be read."""
    text = _read(file).removeprefix("\ufeff")
    try:
        value = jsonc.loads(text) if text.strip() else {}
    except ValueError as error:
        raise CodememError(f"not JSON: `{file}`: {error}", hint="mend it first") from error
    servers = value.get("mcp", {}) if isinstance(value, dict) else None
    if not isinstance(servers, dict):
        raise CodememError(f"not OpenCode's settings: `{file}`", hint="mend it first")
    return servers


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise CodememError(f"cannot read `{file}`: {error}") from error
