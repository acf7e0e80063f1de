"""Memories: what is worth telling a later session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OBSERVED_KINDS = (
    "bugfix",
    "feature",
    "refactor",
    "change",
    "discovery",
    "decision",
    "exploration",
)
"""What an observer may write."""
PROJECT_CARD = "project-card"
"""The concept that marks an observation as lines for the project's card."""
CARD_TITLE = "How to check, build and run this project"
"""Of every card, whatever an observer calls its lines."""
KINDS = (
    "session_summary",
    "preference",
    "observation",
    "entities",
    "note",
    "decision",
    "discovery",
    "change",
    "feature",
    "bugfix",
    "refactor",
    "exploration",
)
"""Every kind a memory may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One finding an observer reports."""

    kind: str
    """One of `OBSERVED_KINDS`."""
    title: str
    narrative: str
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()
    """Sequence numbers of the events it rests on; empty means the whole stretch."""
    supersedes: tuple[int, ...] = ()
    """Ids of the memories it was shown that it contradicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a stretch of a session was about."""

    request: str = ""
    investigated: str = ""
    learned: str = ""
    completed: str = ""
    next_steps: str = ""
    notes: str = ""
    files_read: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMemory:
    """A memory about to be written."""

    key: str
    """Deterministic: writing the same key twice keeps one memory."""
    kind: str
    title: str
    body: str
    origin: str
    """The least trusted origin among the texts that carry it."""
    held: bool | None = None
    """Whether it waits for a person before it may be injected; None: its origin decides."""
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    narrative: str = ""
    concepts: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    confidence: float = 0.6
    prompt_number: int | None = None
    created_ms: int = 0
    """When it happened (the newest event it rests on), epoch milliseconds."""
    extractor: str = "manual"
    extractor_version: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scope: str = "project"
    """Where it holds: `project`, or `user` for every project of the user."""
    supersedes: tuple[int, ...] = ()
    """Ids of memories that its observer says it contradicts; checked when it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A stored memory."""

    id: int
    session_id: int
    kind: str
    title: str
    body: str
    subtitle: str
    facts: tuple[str, ...]
    narrative: str
    concepts: tuple[str, ...]
    files_read: tuple[str, ...]
    files_modified: tuple[str, ...]
    tags: tuple[str, ...]
    confidence: float
    origin: str
    confirmed: bool
    """A person vouched for it: it may be injected whatever its origin."""
    pinned: bool
    """A person keeps it at the top of lists."""
    active: bool
    project: str | None
    source: str | None
    """The host it came from, or None when a person wrote it."""
    prompt_number: int | None
    created_ms: int
    updated_ms: int
    extractor: str
    extractor_version: str
    metadata: Mapping[str, Any]
    superseded_by: int | None = None
    """The batch whose memories, distilled from the same events later, stand in its place."""
    outdated_by: int | None = None
    """The newer memory that says otherwise, or stands for this one in a summary."""
    support: int = 1
    """How many sessions found it out."""
    seen_ms: int = 0
    """When it was found out again last, epoch milliseconds; 0: never."""
    scope: str = "project"
    """Where it holds: `project`, or `user` for every project of the user."""
    held: bool = False
    """It is not injected until a person confirms it."""
