"""Where the text of an event came from, as far as the event itself tells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from codemem_core.distil.provenance.commands import is_foreign_path, read_command, resolved
from codemem_core.records.event import AdapterEvent

_ORIGINS = {
    "read": "tool_repo",
    "edit": "tool_repo",
    "search": "tool_repo",
    "run": "tool_exec",
    "plan": "assistant",
    "ask": "assistant",
    "agent": "agent",
    "memory": "import",
    "fetch": "external",
}
"""By kind of tool; any other is external."""
_NAMES = {
    "fetch": "a web page",
    "agent": "a subagent",
    "memory": "an earlier memory",
    "read": "a downloaded file",
    "search": "a downloaded file",
    "run": "a command's output",
}
"""How a memory names the source of a fact from outside, by kind of tool."""


def origin_of(event: AdapterEvent) -> str:
    """Say where an event's text came from, as far as the event itself tells."""
    # A compaction's summary is the model's text.
    summarises = event.event_type == "session_start" and event.payload.get("text")
    if event.event_type == "assistant" or summarises:
        return "assistant"
    if event.event_type in {"prompt", "session_start", "session_end"}:
        return "user"
    return StoredCall(event.payload, event.cwd).origin()


class StoredCall:
    """A tool call as it is stored."""

    def __init__(self, payload: Mapping[str, Any], cwd: str | None, stored: str = "") -> None:
        self._payload = payload
        self._cwd = cwd
        self._stored = stored
        self._kind = text_of(payload.get("kind"))
        command = payload.get("command")
        self._command = command if isinstance(command, str) else ""

    def origin(self, downloads: Collection[str] = ()) -> str:
        """Return where its output came from; `downloads` are files that were fetched before."""
        if not self._kind and self._stored:
            return self._stored  # an event of an earlier version
        origin = _ORIGINS.get(self._kind, "external")
        if self._kind == "run":
            reading = read_command(self._command)
            is_outside = reading.outside or self._touches(reading.reads, downloads)
            return "external" if is_outside or not self._command else origin
        foreign = self._kind == "read" and self._touches(self._files(), downloads)
        return "external" if foreign else origin

    def _touches(self, paths: Sequence[str], downloads: Collection[str]) -> bool:
        full = [resolved(path, self._cwd) for path in paths]
        return any(
            is_foreign_path(path, self._cwd)
            or path in downloads
            or any(path.startswith(folder + "/") for folder in downloads)
            for path in full
        )

    def downloads(self) -> list[str]:
        """Return the files and folders it fetched."""
        if self._kind != "run":
            return []
        return [resolved(path, self._cwd) for path in read_command(self._command).writes]

    def source_name(self) -> str:
        """Return how a memory names where its output came from."""
        return _NAMES.get(self._kind, "another tool")

    def inputs(self) -> Iterator[str]:
        """Yield what the assistant wrote into it."""
        yield from _strings(self._payload.get("tool_input"))

    def outputs(self) -> Iterator[str]:
        """Yield what came back; of an edit nothing: it is what was written."""
        if self._kind != "edit":
            for name in ("tool_output", "output", "tool_error", "error"):
                yield from _strings(self._payload.get(name))

    def _files(self) -> list[str]:
        files = self._payload.get("files_read")
        return [path for path in files if isinstance(path, str)] if isinstance(files, list) else []


def text_of(value: object) -> str:
    """Return a text, or nothing for any other value."""
    return value if isinstance(value, str) else ""


def _strings(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
