"""Events: what a host did, before anybody interpreted it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from codemem_core.errors import InputError

SCHEMA_VERSION = "1.0"
ADAPTER = "_adapter"
"""Where a payload carries its common form, in the database and in a delivery."""
EVENT_TYPES = frozenset(
    {"prompt", "assistant", "tool_call", "tool_result", "session_start", "session_end", "error"}
)
ORIGINS = (
    "import", "external", "teammate", "agent", "tool_exec", "tool_repo", "assistant", "user",
)  # fmt: skip
"""Where text came from, least trusted first; bound by code at capture, not by a payload.

`external` is the web, MCP servers, packages and whatever else comes from outside; `agent` is what a
subagent reports or an agent writes on its own account."""

IMPORTED = "{}.history"
"""`RawEvent.event_type` of what a host had stored before codemem came, by source."""
EVENT_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


class StreamKey(NamedTuple):
    """What names a stream: the events of one session of one host."""

    source: str
    stream_id: str
    """The host's own id of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterEvent:
    """Adapter event v1: the one form every host's events take (`docs/architecture.md`).

    Raises `InputError` at birth when a field breaks the schema.
    """

    source: str
    """The host, lower-case: `claude`, `opencode`, …"""
    session_id: str
    """The host's own id of the session; with `source` it names the stream."""
    event_id: str
    """8 to 128 characters of `A-Z a-z 0-9 . _ : -`; the same event always has the same id."""
    event_type: str
    """One of `EVENT_TYPES`."""
    ts: str
    """ISO 8601 with an offset; when it happened, as well as the host knows."""
    payload: Mapping[str, Any]
    """By type: `text` (prompt, assistant), `tool_name` and `status` (tools), `message` (error).

    A source also fills in what `records.evidence` reads: for tools `kind`, `files_read`,
    `files_changed`, `command`, `exit_code`, `tool_output` (text), `error`, `refused`,
    `interrupted` and `answers` (`question`, `text`); for assistant messages `final`; for errors
    `interrupted`. Fields without a value may be left out.
    """
    project: str | None = None
    cwd: str | None = None
    seq: int | None = None
    """The host's own numbering, if it has one; the server numbers events anew."""
    ordering_confidence: str = "low"
    redacted: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what the schema refuses."""
        if not self.source.strip() or not self.session_id.strip():
            raise InputError("event without source or session id")
        if not EVENT_ID.fullmatch(self.event_id):
            raise InputError(f"event id is not 8 to 128 plain characters: `{self.event_id[:140]}`")
        if self.event_type not in EVENT_TYPES:
            raise InputError(f"unknown event type: `{self.event_type}`")
        _check_payload(self.event_type, self.payload)
        self.ts_ms  # noqa: B018 - parses, and so refuses, the time

    @property
    def ts_ms(self) -> int:
        """Epoch milliseconds of `ts`."""
        return epoch_ms(self.ts)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the schema; absent optional fields are left out."""
        out: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        for name in ("source", "session_id", "event_id", "event_type", "ts", "payload"):
            out[name] = getattr(self, name)
        for name in ("project", "cwd", "seq"):
            if getattr(self, name) is not None:
                out[name] = getattr(self, name)
        out["ordering_confidence"] = self.ordering_confidence
        if self.redacted:
            out["redacted"] = True
        if self.meta:
            out["meta"] = dict(self.meta)
        return out

    @classmethod
    def from_json(cls, value: object) -> AdapterEvent:
        """Read the schema's JSON object; raise `InputError` saying what is wrong with it."""
        if not isinstance(value, Mapping):
            raise InputError("adapter event is not an object")
        if value.get("schema_version") != SCHEMA_VERSION:
            raise InputError(f"adapter event schema is not {SCHEMA_VERSION}")
        known = {k: value[k] for k in cls.__dataclass_fields__ if value.get(k) is not None}
        for name, kind in _KINDS.items():
            if not isinstance(known.get(name, kind()), kind):
                raise InputError(f"adapter event `{name}` is of the wrong type")
        missing = [name for name in _REQUIRED if name not in known]
        if missing:
            raise InputError(f"adapter event has no `{missing[0]}`")
        return cls(**known)


_REQUIRED = ("source", "session_id", "event_id", "event_type", "ts", "payload")
_KINDS: dict[str, type] = {
    **dict.fromkeys(("source", "session_id", "event_id", "event_type", "ts"), str),
    **dict.fromkeys(("project", "cwd", "ordering_confidence"), str),
    **dict.fromkeys(("payload", "meta"), dict),
    "seq": int,
    "redacted": bool,
}


def epoch_ms(ts: str) -> int:
    """Return epoch milliseconds of an ISO 8601 time; one without an offset counts as UTC."""
    try:
        moment = datetime.fromisoformat(ts)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MILLISECOND  # exact, as a float is not
    except (ValueError, OverflowError, TypeError) as error:
        raise InputError(f"not an ISO 8601 time: `{str(ts)[:40]}`") from error


def event_time(given: object) -> tuple[str, bool]:
    """Return an ISO 8601 time with its offset; the present one, and True, where it is none."""
    text = given.strip() if isinstance(given, str) else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC).isoformat().replace("+00:00", "Z"), True
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z"), False


def iso_time(ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC; what is not of the years 1 to 9999 is cut."""
    moment = _EPOCH + min(max(ms, _FIRST_MS), _LAST_MS) * _MILLISECOND
    return moment.isoformat(timespec="microseconds")


_TEXTS = {
    "prompt": ("text",),
    "assistant": ("text",),
    "tool_call": ("tool_name",),
    "tool_result": ("tool_name", "status"),
    "error": ("message",),
}


def json_text(value: object) -> str:
    """Return JSON text; raises `ValueError` for NaN and for lone surrogates, which are not JSON."""
    text = _ENCODER.encode(value)
    text.encode()
    return text


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_payload(event_type: str, payload: Mapping[str, Any]) -> None:
    for name in _TEXTS.get(event_type, ()):
        if not isinstance(payload.get(name), str):
            raise InputError(f"{event_type} event has no text `{name}`")
    if event_type == "tool_result" and payload["status"] not in {"ok", "error"}:
        raise InputError(f"tool status is neither ok nor error: `{payload['status']}`")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """One event as the queue keeps it; redacted, not yet interpreted."""

    source: str
    stream_id: str
    event_id: str
    """Unique in its stream: the key that makes a repeated delivery a no-op."""
    event_type: str
    """The host's own name of it (`user_prompt`, `claude.hook`), or the adapter event's type."""
    payload: Mapping[str, Any]
    """The host's own payload."""
    adapter: AdapterEvent | None = None
    """The event in its common form; None where no source understands the payload."""
    ts_ms: int | None = None
    """When it happened, epoch milliseconds."""
    mono_ms: float | None = None
    origin: str = "tool_exec"
    """One of `ORIGINS`."""
    cwd: str | None = None
    """The session's folder; the adapter event has the one that the event came from."""
    project: str | None = None
    started_at: str | None = None
    text: str = field(default="", compare=False, repr=False)
    """`to_json()` as text, where it has been written already."""
    seq: int = -1
    """Given by the store: 0, 1, 2, … without gaps in each stream; -1 until then."""

    @property
    def key(self) -> StreamKey:
        """The stream that it belongs to."""
        return StreamKey(self.source, self.stream_id)

    @property
    def common_type(self) -> str:
        """The common event type; empty without a common form."""
        return self.adapter.event_type if self.adapter else ""

    @property
    def common(self) -> Mapping[str, Any]:
        """The common form's payload; empty without a common form."""
        return self.adapter.payload if self.adapter else {}

    def to_json(self) -> Mapping[str, Any]:
        """Return the payload as it is stored: the host's, the common form under `_adapter`."""
        return {**self.payload, ADAPTER: self.adapter.to_json()} if self.adapter else self.payload


def split_payload(stored: Mapping[str, Any]) -> tuple[Mapping[str, Any], AdapterEvent | None]:
    """Return the host's payload and the common form of a stored payload.

    A common form that breaks the schema stays where it is, unread.
    """
    try:
        adapter = AdapterEvent.from_json(stored.get(ADAPTER))
    except InputError:
        return stored, None
    return {name: value for name, value in stored.items() if name != ADAPTER}, adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """What flush policies know of a stream with unflushed events."""

    source: str
    stream_id: str
    project: str | None
    pending: int
    """Events that wait for a flush."""
    pending_tools: int
    pending_prompts: int
    first_pending_ms: int
    """When the oldest waiting event arrived, epoch milliseconds of this machine."""
    last_received_ms: int
    """When the newest event arrived, epoch milliseconds of this machine."""
    last_event_type: str
    """Adapter type of the newest event, so that a policy can tell a finished session."""
    flush_asked: bool | None = None
    """What the newest event's host asked for (`meta.flush`); None when it did not say."""
    turn_is_open: bool = False
    """No waiting event ends the turn that the newest ones belong to."""


@dataclass(frozen=True, slots=True)
class FlushDecision:
    """What a flush policy says of a stream: flush it now (and why), or leave it."""

    due: bool
    reason: str = ""
    check_again_ms: int = 0
    """Milliseconds after which time alone may change the answer; 0 when only events can."""
