"""The session logs that Codex keeps: all of them, and the end of the one at hand."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from codemem_codex.rollout import payloads
from codemem_core.api import closed_logs, log_records

_ENDS = frozenset({"Stop", "SessionEnd", "Interrupt"})
_LOG_ONLY = frozenset({"AssistantText", "Interrupt"})
_SECONDS = len("2026-11-22T08:00:00")


def codex_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return where Codex keeps its settings and session logs."""
    given = (os.environ if environ is None else environ).get("CODEX_HOME")
    return Path(given or "~/.codex").expanduser()


def is_rollout(path: str) -> bool:
    """Say whether a path may be a session log; payloads could name any other file."""
    name = os.path.basename(path)
    return os.path.isabs(path) and name.startswith("rollout-") and name.endswith(".jsonl")


def stored_payloads(*, since_ms: int = 0, unread: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yield everything in the logs that Codex keeps and that changed since, session by session.

    `unread` counts what could not be used, by reason.
    """
    folders = [codex_folder() / kept for kept in ("sessions", "archived_sessions")]
    for path in closed_logs(folders, "rollout-*.jsonl", since_ms=since_ms, skipped=unread):
        yield from payloads_of(path, unread=unread)


def payloads_of(path: Path, *, unread: Counter[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield everything in one log, and an end of the session after it."""
    last: dict[str, Any] = {}
    for last in payloads(log_records(path, max_bytes=0, skipped=unread)):
        yield last
    ends = {"hook_event_name": "SessionEnd", "reason": "other"}
    if last:
        yield ends | {name: last[name] for name in ("session_id", "cwd", "ts") if name in last}


def missed_payloads(
    payload: Mapping[str, Any], *, seen: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield what a session's log tells and no hook did, oldest first.

    Patches that failed and interrupted commands fire no hook; what the assistant says between two
    tools stands in the log alone. `seen`: ids of the tool uses that are stored.
    """
    path, hook = payload.get("transcript_path"), payload.get("hook_event_name")
    if hook not in _ENDS or not isinstance(path, str) or not is_rollout(path):
        return
    # What came later is told at its own end: its hooks may be on their way still.
    until = str(payload.get("ts") or "9999")[:_SECONDS]
    kept = {name: payload[name] for name in ("session_id", "cwd") if name in payload}
    given = payload.get("codemem")
    if isinstance(given, Mapping):
        kept["codemem"] = {name: value for name, value in given.items() if name != "flush"}
    for told in payloads(log_records(path)):
        is_new = told["hook_event_name"] == "PostToolUse" and told["tool_use_id"] not in seen
        is_due = str(told.get("ts", ""))[:_SECONDS] <= until
        if is_due and (is_new or told["hook_event_name"] in _LOG_ONLY):
            yield {**told, **kept}


def logged_item(path: object, name: str) -> dict[str, Any]:
    """Return what the end of a session log says of an item, by its id or its kind of record."""
    found: dict[str, Any] = {}
    if isinstance(path, str) and is_rollout(path):
        for record in log_records(path, containing=name):
            payload = record.get("payload")
            item = payload.get("item") if isinstance(payload, dict) else None
            if isinstance(item, dict) and item.get("id") == name:
                found = item
            elif record.get("type") == name and isinstance(payload, dict):
                found = payload
    return found
