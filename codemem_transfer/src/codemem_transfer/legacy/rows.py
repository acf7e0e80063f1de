"""What a row of codemem 0.19 means here: one function a kind of row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from codemem_core.capture.delivery import storable
from codemem_core.distil.new_memories import summary_body, summary_title
from codemem_core.errors import InputError
from codemem_core.records.event import StreamKey, epoch_ms
from codemem_core.records.memory import KINDS, NewMemory, Summary
from codemem_core.redact import is_plain, redact, strip_private
from codemem_transfer.writes import Session, State

Row = dict[str, Any]

_SOURCES = frozenset({"opencode", "claude", "cursor", "codex"})
_PROVENANCE = (
    "actor_id", "actor_display_name", "visibility", "workspace_id", "workspace_kind",
    "origin_device_id", "origin_source", "trust_state", "rev", "user_prompt_id", "import_key",
)  # fmt: skip
_GIT = ("git_remote", "git_branch", "user", "tool_version")
_SECTIONS = ("request", "investigated", "learned", "completed", "next_steps", "notes")


def stream_of(row: Row) -> StreamKey:
    """Return source and stream id; rows older than sources name them, if at all, in the id."""
    stream = str(row.get("stream_id") or row.get("opencode_session_id") or "").strip()
    source = str(row.get("source") or "").strip().lower()
    prefix, colon, rest = stream.partition(":")
    if colon and rest and prefix in _SOURCES and source in {"", "opencode", prefix}:
        return StreamKey(prefix, rest)
    return StreamKey(source or "opencode", stream)


def session_of(row: Row, stream: StreamKey | None, *, now_ms: int) -> Session:
    """Return a session; what has no column here is in its metadata."""
    extra = {name: row[name] for name in _GIT if row.get(name)}
    return Session(
        key=_key("session", row, row.get("started_at")),
        stream=stream,
        project=project_of(row),
        cwd=row.get("cwd"),
        started_ms=_ms(row.get("started_at"), now_ms),
        ended_ms=_ms(row.get("ended_at")),
        metadata=clean(_object(row.get("metadata_json")) | extra),
    )


def prompt_of(row: Row) -> Row:
    """Return what a person asked, for the metadata of its session."""
    return {
        "id": _key("prompt", row, row.get("created_at")),
        "number": row.get("prompt_number"),
        "text": clean(str(row.get("prompt_text") or "")),
        "at_ms": row.get("created_at_epoch") or _ms(row.get("created_at")),
    }


def memory_of(row: Row) -> NewMemory:
    """Return a memory: nobody knows any more what it rests on, so its origin is `import`."""
    kind = str(row.get("kind") or "").strip().lower()
    known = "decision" if kind == "project" else kind if kind in KINDS else "note"
    metadata = _object(row.get("metadata_json"))
    metadata["provenance"] = {name: row[name] for name in _PROVENANCE if row.get(name) is not None}
    metadata |= {"adopted": row["id"]} | ({} if known == kind else {"kind": kind})
    return NewMemory(
        key=_key("memory", row, row.get("created_at")),
        kind=known,
        title=_text(row, "title"),
        body=_text(row, "body_text"),
        origin="import",
        subtitle=_text(row, "subtitle"),
        facts=_list(row.get("facts")),
        narrative=_text(row, "narrative"),
        concepts=_list(row.get("concepts")),
        files_read=_list(row.get("files_read")),
        files_modified=_list(row.get("files_modified")),
        tags=tuple(_text(row, "tags_text").split()),
        confidence=0.5 if row.get("confidence") is None else float(row["confidence"]),
        prompt_number=row.get("prompt_number"),
        created_ms=_ms(row.get("created_at"), 0),
        extractor="codemem-0.19",
        metadata=clean(metadata),
    )


def state_of(row: Row, *, trust: bool) -> State:
    """Return whether a memory is active, when it was last changed, and who vouches for it."""
    return State(
        active=bool(row.get("active", 1)),
        deleted_ms=_ms(row.get("deleted_at")),
        updated_ms=_ms(row.get("updated_at")),
        confirmed=trust,
    )


def local_actors(rows: Iterable[Row]) -> frozenset[Any]:
    """Return the actors that are the user of that machine; no actor at all is one too."""
    return frozenset({None, "", *(row["actor_id"] for row in rows if row.get("is_local"))})


def is_own(row: Row, actors: frozenset[Any]) -> bool:
    """Say whether a memory was made on that machine and not sent to it by a peer."""
    return row.get("actor_id") in actors and row.get("trust_state") in {None, "", "trusted"}


def gist(row: Row) -> tuple[Any, ...]:
    """Return what makes a summary and the memory made of it the same."""
    said = row if "request" in row else _object(row.get("metadata_json"))
    return (
        row["session_id"],
        *(said.get(name) or "" for name in ("completed", "learned", "notes")),
    )


def summary_of(row: Row) -> NewMemory:
    """Return the memory of a summary that was stored without one."""
    said: dict[str, Any] = {name: _text(row, name) for name in _SECTIONS}
    summary = Summary(**said)
    return NewMemory(
        key=_key("summary", row, row.get("created_at")),
        kind="session_summary",
        title=summary_title(summary),
        body=summary_body(summary),
        origin="import",
        files_read=_list(row.get("files_read")),
        files_modified=_list(row.get("files_edited")),
        prompt_number=row.get("prompt_number"),
        created_ms=row.get("created_at_epoch") or _ms(row.get("created_at"), 0),
        extractor="codemem-0.19",
        metadata=clean(_object(row.get("metadata_json")) | said | {"adopted": row["id"]}),
    )


def delivery_of(key: StreamKey, stream: Row, row: Row) -> Row:
    """Return a waiting event as a client would send it."""
    source, stream_id = key
    return {
        "source": source,
        "stream_id": stream_id,
        "event_id": row.get("event_id"),
        "event_type": row.get("event_type"),
        "payload": _object(row.get("payload_json")),
        "ts_wall_ms": row.get("ts_wall_ms"),
        "ts_mono_ms": row.get("ts_mono_ms"),
        "cwd": stream.get("cwd"),
        "started_at": stream.get("started_at") if _ms(stream.get("started_at")) else None,
    }


def usage_of(row: Row, *, now_ms: int) -> Row:
    """Return one call and what it cost, with its key."""
    tokens = {n: row.get(n) or 0 for n in ("tokens_read", "tokens_written", "tokens_saved")}
    return tokens | {
        "key": _key("usage", row, row.get("created_at")),
        "event": str(row.get("event") or ""),
        "created_ms": _ms(row.get("created_at"), now_ms),
        "metadata": json.dumps(clean(_object(row.get("metadata_json")))),
    }


def project_of(row: Row) -> str | None:
    """Return the project's label: the last part of a path; git's error text is none."""
    name = str(row.get("project") or "").strip()
    if name.startswith("fatal:"):
        return None
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or None


def _key(kind: str, row: Row, when: object) -> str:
    return f"0.19:{kind}:{row.get('import_key') or row['id']}:{when}"


def clean(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Take private parts and secrets out: 0.19 found few of them."""
    value = storable(value)
    # Most hold nothing of either, which is quicker to see of the whole.
    if is_plain(json.dumps(value, ensure_ascii=False)):
        return value
    return redact(strip_private(value))[0]


def _text(row: Row, name: str) -> str:
    return str(clean(str(row.get(name) or "")))


def _object(text: object) -> Row:
    if isinstance(text, dict):
        return dict(text)  # an export has it as it is
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list(text: object) -> tuple[str, ...]:
    try:
        value = json.loads(text) if isinstance(text, str) else text or []
    except (ValueError, RecursionError):
        return ()
    return tuple(str(clean(str(item))) for item in value) if isinstance(value, list) else ()


def _ms(when: object, default: Any = None) -> Any:  # noqa: ANN401 - int, or what stands for it
    try:
        return epoch_ms(when) if isinstance(when, str) else default
    except InputError:
        return default
