"""What the tools answer with; the SDK makes each tool's output schema of it."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

MemoryId = Annotated[int, Field(ge=0, lt=1 << 63)]
"""What SQLite takes as an id."""


class Fenced(TypedDict, total=False):
    """What shows memories: its first field opens a fence, and `end`, its last one, closes it."""

    notice: str


class Indexed(TypedDict):
    """A memory in short: enough to decide whether to read it."""

    id: int
    kind: str
    title: str
    score: float
    created_at: str
    session_id: int
    metadata: dict[str, Any]


class Found(TypedDict):
    """A memory that a search found, with its text."""

    id: int
    title: str
    kind: str
    body: str
    confidence: float
    score: float
    session_id: int
    metadata: dict[str, Any]


class Widening(TypedDict):
    """Whether memories that others share were added; here everything is the user's own."""

    widening_applied: bool
    personal_result_count: int
    shared_result_count: int
    strong_personal_result_count: int


class Index(Fenced):
    """What `memory_search_index` found."""

    items: list[Indexed]
    widening: Widening
    end: NotRequired[str]


class Hits(Fenced):
    """What `memory_search` found."""

    items: list[Found]
    widening: Widening
    end: NotRequired[str]


class Row(TypedDict, total=False):
    """A memory in full."""

    id: int
    session_id: int
    kind: str
    title: str
    subtitle: str
    body_text: str
    facts: list[str]
    narrative: str
    concepts: list[str]
    files_read: list[str]
    files_modified: list[str]
    tags_text: str
    confidence: float
    origin: str
    confirmed: bool
    pinned: bool
    active: bool
    project: str | None
    source: str | None
    prompt_number: int | None
    created_at: str
    updated_at: str
    extractor: str
    extractor_version: str
    metadata_json: dict[str, Any]
    superseded_by: int | None
    outdated_by: int | None
    support: int
    seen_at: str | None
    held: bool
    scope: str


class RowOrError(Fenced, Row, total=False):
    """A memory in full, or `{"error": "not_found"}`."""

    error: str
    end: str


class LinkedPrompt(TypedDict):
    """The prompt a memory came from."""

    id: int
    prompt_text: str
    prompt_number: int
    created_at: str


class Moment(Row, total=False):
    """A memory among its neighbours."""

    linked_prompt: LinkedPrompt | None


class Rows(Fenced):
    """Memories in full."""

    items: list[Row]
    end: NotRequired[str]


class Timeline(Fenced):
    """What happened in a session, oldest first."""

    items: list[Moment]
    end: NotRequired[str]


class _Where(TypedDict):
    code: str
    field: str
    message: str


class Problem(_Where, total=False):
    """Why something that was asked for is not in the answer."""

    ids: list[int]


class Expanded(Fenced):
    """Memories, what surrounds them, and if asked for their whole text."""

    anchors: list[Row]
    timeline: list[Moment]
    observations: list[Row]
    missing_ids: list[int]
    errors: list[Problem]
    metadata: dict[str, Any]
    end: NotRequired[str]


class Explanation(Fenced):
    """Why each memory was found."""

    items: list[dict[str, Any]]
    missing_ids: list[int]
    errors: list[Problem]
    metadata: dict[str, Any]
    end: NotRequired[str]


class PackText(Fenced):
    """Memories that fit a task, as one text and one by one."""

    context: str
    items: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    pack_text: str
    metrics: dict[str, Any]
    end: NotRequired[str]


class Remembered(TypedDict):
    """The id of a new memory, and whether it waits for a person."""

    id: int
    waits: NotRequired[bool]


class Status(TypedDict):
    """That it is done; `message` says what there was nothing to do for."""

    status: str
    message: NotRequired[str]


class Schema(TypedDict):
    """What memories are made of."""

    kinds: list[str]
    fields: dict[str, str]
    filters: list[str]


class Guide(TypedDict):
    """How to use the memory well."""

    intro: str
    client_hint: str
    recall: dict[str, Any]
    persistence: dict[str, Any]
    forget: dict[str, Any]
    prompt_hint: str
    recommended_system_prompt: str
