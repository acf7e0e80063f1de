"""The database of claude-mem: its observations, summaries and prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import apsw

from codemem_core.errors import StoreError
from codemem_core.project import normalize_label
from codemem_core.records.event import StreamKey
from codemem_core.store.engine.connection import rows
from codemem_transfer.incoming import Incoming
from codemem_transfer.legacy import database
from codemem_transfer.legacy import rows as adopted
from codemem_transfer.legacy.database import Legacy
from codemem_transfer.writes import Session, State

Row = dict[str, Any]
_EXTRACTOR = "claude-mem"
# Over the years its columns had other names.
_OWN_IDS = ("memory_session_id", "sdk_session_id")
_HOST_IDS = ("content_session_id", "claude_session_id")
_TAKEN = frozenset({"sdk_sessions", "observations", "session_summaries", "user_prompts"})
_SILENT = re.compile(r"sqlite_.*|schema_versions|.*_fts(_.*)?|.*_(config|content|data|docsize|idx)")
"""Tables that hold nothing of the user's: bookkeeping and parts of search indexes."""


@contextmanager
def opened(path: str) -> Iterator[Legacy]:
    """Open a copy of the database at `path`, for this block only; raises `StoreError`."""
    with database.opened(path, check=_check) as given:
        yield given


def _check(db: apsw.Connection, path: str) -> None:
    names = {name for (name,) in rows(db, "SELECT name FROM sqlite_schema")}
    if "observations" not in names or not names & {"sdk_sessions", "session_summaries"}:
        raise StoreError(
            f"not a database of claude-mem: `{path}`", hint="usually ~/.claude-mem/claude-mem.db"
        )


def fill(incoming: Incoming, given: Legacy, *, project: str | None) -> None:
    """Take what it holds, of one project or of all."""
    hosts = dict(_sessions(incoming, given, project))
    known = set(hosts.values())
    for row in given.table("user_prompts", order="id"):
        host = _first(row, _HOST_IDS)
        if host in known:
            incoming.prompt(host, {**adopted.prompt_of(row), "id": _key("prompt", row)})
        else:
            reason = "its session is gone or of another project"
            incoming.report.tables["user_prompts"].count(reason)
    for table, make in (("observations", _observation), ("session_summaries", _summary)):
        for row in given.table(table, order="id"):
            label = _label(row)
            new = make(row)
            left_out = "of another project" if project is not None and label != project else ""
            if not left_out and not new.body and not new.title:
                left_out = "empty"
            if left_out:
                incoming.report.tables[table].count(left_out)
                continue
            session = hosts.get(_first(row, _OWN_IDS), f"project {label}")
            if session not in known:
                incoming.session(session, _stand_in(label, incoming.now_ms))
            new = replace(new, created_ms=min(new.created_ms, incoming.now_ms))
            incoming.memory(session, new, State(project=label), table=table)
    _name_the_rest(incoming, given)


def _name_the_rest(incoming: Incoming, given: Legacy) -> None:
    """Count the rows of tables that are not taken."""
    for table in sorted(given.names - _TAKEN):
        if not _SILENT.fullmatch(table) and (left := given.count(table)):
            incoming.report.tables[table].count("left in claude-mem's database", rows=left)


def _sessions(
    incoming: Incoming, given: Legacy, project: str | None
) -> Iterator[tuple[object, object]]:
    """Take the sessions, and yield how their rows and how their prompts refer to each."""
    for row in given.table("sdk_sessions", order="id"):
        label = _label(row)
        host = _first(row, _HOST_IDS)
        if host is None or (project is not None and label != project):
            continue
        session = adopted.session_of(row, StreamKey("claude", str(host)), now_ms=incoming.now_ms)
        key = _key("session", row)
        metadata = {"tool_version": "import-claude-mem", **session.metadata}
        incoming.session(host, replace(session, key=key, project=label, metadata=metadata))
        yield _first(row, _OWN_IDS), host


def _stand_in(label: str | None, now_ms: int) -> Session:
    return Session(
        key=f"claude-mem|project|{label}",
        stream=None,
        started_ms=now_ms,
        project=label,
        metadata={"tool_version": "import-claude-mem"},
    )


def _label(row: Row) -> str | None:
    """Return the project of a row: of a worktree, the repository it belongs to.

    claude-mem calls a worktree `repository/worktree`, and notes where it was merged.
    """
    name = str(row.get("merged_into_project") or row.get("project") or "")
    owner, slash, _ = name.partition("/")
    return normalize_label(owner if slash and owner else name)


def _observation(row: Row) -> Any:  # noqa: ANN401 - NewMemory, as adopted makes it
    body = str(row.get("narrative") or row.get("text") or "")
    given = adopted.memory_of(
        {
            **row,
            "kind": row.get("type"),
            "title": row.get("title") or row.get("subtitle") or _first_line(body),
            "body_text": body,
            "facts": _texts(row.get("facts")),
            "concepts": _texts(row.get("concepts")),
            "confidence": 0.7,
            "metadata_json": "",
        }
    )
    tokens = row.get("discovery_tokens")
    metadata = {
        "source": _EXTRACTOR,
        "discovery_source": _EXTRACTOR if tokens is not None else "claude-mem-missing",
    } | ({"discovery_tokens": tokens} if isinstance(tokens, int) else {})
    return replace(
        given,
        key=_key("observation", row),
        created_ms=_time(row) or given.created_ms,
        extractor=_EXTRACTOR,
        metadata=metadata,
    )


_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


def _texts(given: object) -> list[str]:
    """Return a list of texts: from JSON, or from lines of text with or without bullets."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = [_BULLET.sub("", line) for line in str(given).splitlines()]
    items = given if isinstance(given, list) else [given]
    return [text for item in items if (text := _text_of(item))]


def _text_of(item: object) -> str:
    """Return what a list's item says: itself, or the name or text that an object has."""
    if isinstance(item, dict):
        item = next((item[name] for name in _NAMES if item.get(name)), None)
    return str(item).strip() if isinstance(item, str | int | float) else ""


_NAMES = ("name", "text", "fact", "concept", "title", "content", "value")


def _first_line(body: str) -> str:
    return next((line.strip()[:120] for line in body.splitlines() if line.strip()), "")


def _summary(row: Row) -> Any:  # noqa: ANN401 - NewMemory, as adopted makes it
    given = adopted.summary_of(row)
    return replace(
        given,
        key=_key("summary", row),
        created_ms=_time(row) or given.created_ms,
        extractor=_EXTRACTOR,
        metadata={**given.metadata, "source": _EXTRACTOR},
    )


def _key(kind: str, row: Row) -> str:
    """Return a key that is the same wherever the file lies."""
    when = row.get("created_at") or row.get("started_at") or row.get("created_at_epoch")
    return f"claude-mem|{kind}|{row.get('id')}|{row.get('project') or ''}|{when}"


def _time(row: Row) -> int:
    at = row.get("created_at_epoch")
    if not isinstance(at, int):
        return 0
    return at * 1000 if at < 100_000_000_000 else at  # it kept seconds before it kept milliseconds


def _first(row: Row, names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name)), None)
