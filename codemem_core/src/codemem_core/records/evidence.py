"""Evidence: a stretch of a stream, in order, as observers read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Something the user asked."""

    text: str
    number: int | None = None
    ts_ms: int | None = None
    seq: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something the assistant said at the end of a turn."""

    text: str
    usage: Mapping[str, int] = field(default_factory=dict)
    """Token counters as the host gave them, or empty."""
    ts_ms: int | None = None
    seq: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One tool call with its result."""

    name: str
    """Lower-case, without a namespace: `bash`, `edit`, `read`, `memory_search`."""
    input: Mapping[str, Any]
    output: str = ""
    """What it printed or returned, as text; a diff for edits."""
    error: str | None = None
    """What went wrong, or None when it succeeded."""
    cwd: str | None = None
    origin: str = "tool_exec"
    """One of `codemem_core.records.events.ORIGINS`."""
    ts_ms: int | None = None
    seq: int = -1


EvidenceItem = Prompt | Message | ToolUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What happened in one stretch of a session, in order."""

    source: str
    stream_id: str
    project: str | None = None
    cwd: str | None = None
    items: tuple[EvidenceItem, ...] = ()
    omitted: int = 0
    """How many items did not fit the limits."""

    def prompts(self) -> Iterator[Prompt]:
        """Yield what the user asked, in order."""
        return (item for item in self.items if isinstance(item, Prompt))

    def messages(self) -> Iterator[Message]:
        """Yield what the assistant said, in order."""
        return (item for item in self.items if isinstance(item, Message))

    def tools(self) -> Iterator[ToolUse]:
        """Yield the tool calls, in order."""
        return (item for item in self.items if isinstance(item, ToolUse))
