"""Reads a chat log of Gemini CLI as the hook payloads of that session.

JSON lines: a header, then records `{id, timestamp, type, content, toolCalls}` and `{"$set": …}`
patches. A record is written again when there is more in it: the last one of an id counts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codemem_core.api import log_records
from codemem_gemini.texts import mapping, plain, spoken

Payload = dict[str, Any]

_DONE = "success"
_ENDED = frozenset({_DONE, "error", "cancelled"})


def gemini_folder() -> Path:
    """Return where Gemini CLI keeps its settings, extensions and chats."""
    return Path(os.environ.get("GEMINI_CLI_HOME") or "~").expanduser() / ".gemini"


def log_payloads(
    path: Path, skipped: Counter[str] | None = None, *, max_bytes: int = 0
) -> Iterator[Payload]:
    """Yield the payloads of a chat in order, or those of its last `max_bytes`.

    `skipped` counts what could not be used, by reason.
    """
    header, records = _read(log_records(path, max_bytes=max_bytes, skipped=skipped))
    common = {"session_id": header.get("sessionId"), "cwd": _folder_of(path)}
    if started := plain(header.get("startTime")):
        yield common | {
            "hook_event_name": "SessionStart",
            "source": "startup",
            "timestamp": started,
        }
    for record in records:
        for payload in _said(record):
            yield {"timestamp": record.get("timestamp"), **common, **payload}


def _read(
    lines: Iterable[Mapping[str, Any]],
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the header and the records of a chat, each as it was written last."""
    header: dict[str, Any] = {}
    records: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        if isinstance(line.get("id"), str):
            records[line["id"]] = line
        else:
            header |= {k: v for k, v in line.items() if k in {"sessionId", "startTime"}}
    return header, list(records.values())


def _folder_of(path: Path) -> str | None:
    """Return the project's folder, which stands beside its chats."""
    try:
        return (path.parents[1] / ".project_root").read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError, IndexError):
        return None


def _said(record: Mapping[str, Any]) -> Iterator[Payload]:
    """Yield what a record tells; functions' results and the client's own preamble tell nothing."""
    if record.get("type") == "user":
        if words := spoken(record.get("content")):
            yield {"hook_event_name": "BeforeAgent", "prompt": words, "record_id": record["id"]}
        return
    if record.get("type") != "gemini":
        return
    calls = record.get("toolCalls")
    calls = [mapping(call) for call in calls] if isinstance(calls, list) else []
    if words := plain(record.get("content")):
        hook = "AssistantText" if calls else "AfterAgent"
        yield {"hook_event_name": hook, "prompt_response": words, "record_id": record["id"]}
    for call in calls:
        if call.get("status") in _ENDED:
            yield _call(call)


def _call(call: Mapping[str, Any]) -> Payload:
    told = _response(call.get("result"))
    response = {
        "llmContent": told.get("output"),
        "returnDisplay": call.get("resultDisplay"),
        "error": told.get("error") or (None if call["status"] == _DONE else call["status"]),
    }
    return {
        "hook_event_name": "AfterTool",
        "tool_name": call.get("name"),
        "tool_input": call.get("args"),
        "tool_response": {name: value for name, value in response.items() if value is not None},
        "timestamp": call.get("timestamp"),
        "tool_call_id": call.get("id"),
    }


def _response(result: object) -> Mapping[str, Any]:
    """Return what a function answered: `[{functionResponse: {response}}]`."""
    parts = result if isinstance(result, list) else [result]
    answers = [mapping(mapping(mapping(p).get("functionResponse")).get("response")) for p in parts]
    return next((answer for answer in answers if answer), {})
