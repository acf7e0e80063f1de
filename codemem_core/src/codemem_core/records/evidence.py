"""Evidence: a stretch of a stream, in order, as observers read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TOOL_KINDS = frozenset(
    {"read", "edit", "run", "search", "fetch", "ask", "agent", "memory", "plan", "other"}
)
"""What a tool does, whatever its host calls it.

`read` and `search` look at the project, `edit` changes its files, `run` runs a command, `fetch`
brings in text from the web, `ask` puts a question to the user, `agent` starts another agent,
`memory` is one of codemem's own tools, `plan` keeps the agent's to-do list, `other` is anything
else, such as the tools of another MCP server.
"""
BOUNDARY_KINDS = frozenset({"start", "end", "compact", "clear", "stop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Something the user asked."""

    text: str
    number: int | None = None
    ts_ms: int | None = None
    seq: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something the assistant wrote."""

    text: str
    final: bool = False
    """It closed the turn; otherwise the assistant wrote it between two tools."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """Token counters as the host gave them, or empty."""
    ts_ms: int | None = None
    seq: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One tool call with its result."""

    kind: str
    """One of `TOOL_KINDS`."""
    name: str
    """The host's own name of the tool."""
    files_read: tuple[str, ...] = ()
    files_changed: tuple[str, ...] = ()
    """Files it changed, or would have changed had it succeeded (see `succeeded`)."""
    command: str | None = None
    """Command line of a `run`."""
    exit_code: int | None = None
    output: str = ""
    """What it printed or returned, as text; a unified diff for edits."""
    error: str | None = None
    """What went wrong, or None when it succeeded."""
    refused: bool = False
    """The user, or a rule of the user, did not allow it."""
    interrupted: bool = False
    """It was stopped before it was done."""
    input: Mapping[str, Any] = field(default_factory=dict)
    """The host's own arguments, to show; their names differ from host to host."""
    cwd: str | None = None
    origin: str = "tool_exec"
    """One of `codemem_core.records.event.ORIGINS`."""
    ts_ms: int | None = None
    seq: int = -1

    @property
    def succeeded(self) -> bool:
        """Say whether it ran to its end without an error."""
        return self.error is None and not (self.refused or self.interrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the user answered when the agent asked, or said when refusing a tool."""

    text: str
    question: str = ""
    ts_ms: int | None = None
    seq: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Where a session or a turn began or ended."""

    kind: str
    """One of `BOUNDARY_KINDS`; `stop` is a turn that ended without a final message."""
    text: str = ""
    """The summary of a compaction, or why a turn stopped."""
    interrupted: bool = False
    """The user stopped the turn."""
    ts_ms: int | None = None
    seq: int = -1


EvidenceItem = Prompt | Message | ToolCall | Answer | Boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A memory that is there already, as an observer is shown it."""

    id: int
    kind: str
    title: str
    text: str


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
    known: tuple[Known, ...] = ()
    """Memories of earlier sessions that the stretch may repeat or change, nearest first."""

    def prompts(self) -> Iterator[Prompt]:
        """Yield what the user asked, in order."""
        return (item for item in self.items if isinstance(item, Prompt))

    def messages(self) -> Iterator[Message]:
        """Yield what the assistant wrote, in order."""
        return (item for item in self.items if isinstance(item, Message))

    def tools(self) -> Iterator[ToolCall]:
        """Yield the tool calls, in order."""
        return (item for item in self.items if isinstance(item, ToolCall))

    def answers(self) -> Iterator[Answer]:
        """Yield what the user answered, in order."""
        return (item for item in self.items if isinstance(item, Answer))
