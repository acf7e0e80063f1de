"""Lines of the log as adapter events."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from codemem_core.api import AdapterEvent, EventContext, Settings

_TYPES = {
    "prompt": "prompt",
    "reply": "assistant",
    "tool": "tool_result",
    "start": "session_start",
    "end": "session_end",
}
_KINDS = {"bash": "run", "read": "read", "grep": "search"}


class JsonLines:
    """The ingest source `jsonl`."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a line; None for kinds we do not know and lines that say nothing.

        Raises `InputError` when the time is none.
        """
        session, time, kind = (_text(payload, name) for name in ("session", "time", "kind"))
        body = _body(kind, payload)
        if not session or kind not in _TYPES or body is None:
            return None
        identity = json.dumps([session, time, kind, body], sort_keys=True, default=str)
        return AdapterEvent(
            source="jsonl",
            session_id=session,
            event_id=f"jsonl-{hashlib.sha256(identity.encode()).hexdigest()[:24]}",
            event_type=_TYPES[kind],
            ts=time,
            payload=body,
            cwd=_text(payload, "cwd") or context.cwd,
        )


def _body(kind: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind in {"prompt", "reply"}:
        text = _text(payload, "text")
        return {"text": text} if text else None
    if kind != "tool":
        return {}
    name, given = _text(payload, "tool"), payload.get("input")
    if not name:
        return None
    ok = payload.get("ok") is not False
    given = given if isinstance(given, dict) else {}
    body = {"tool_name": name, "tool_input": given, "kind": _KINDS.get(name, "other")}
    result = {"tool_output": payload.get("output")} if ok else {"error": payload.get("output")}
    return {**body, "status": "ok" if ok else "error", **result}


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value.strip() if isinstance(value, str) else ""
