"""What pi's extension sends, as adapter events."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from codemem_core.api import AdapterEvent, EventContext, Settings, diffs

_KINDS = {
    "read": "read", "bash": "run", "edit": "edit", "write": "edit",
    "grep": "search", "find": "search", "ls": "search",
}  # fmt: skip
_EXIT_CODE = re.compile(r"\n*Command exited with code (\d{1,10})\s*\Z")
_ABORTED = re.compile(r"\n*(?:Command|Operation) aborted\s*\Z")


class Pi:
    """The ingest source `pi`."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map an event of the extension; None for those that say nothing.

        Raises `InputError` when the time is none.
        """
        hook, session_id = _text(payload, "hook_event_name"), _text(payload, "session_id")
        event_type, body = _body(hook, payload)
        if body is None or not session_id:
            return None
        ts = _text(payload, "timestamp")
        call = _text(payload, "tool_call_id")
        identity = [session_id, hook, call] if call else [session_id, hook, ts, body]
        text = json.dumps(identity, sort_keys=True, default=str)
        meta: dict[str, Any] = {"hook_event_name": hook} | ({"tool_use_id": call} if call else {})
        extra = payload.get("codemem")
        if isinstance(extra, Mapping) and isinstance(extra.get("flush"), bool):
            meta["flush"] = extra["flush"]
        return AdapterEvent(
            source="pi",
            session_id=session_id,
            event_id=f"pi-{hashlib.sha256(text.encode()).hexdigest()[:24]}",
            event_type=event_type,
            ts=ts,
            payload=body,
            cwd=_text(payload, "cwd") or context.cwd,
            meta=meta,
        )


def _body(hook: str, payload: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    if hook == "session_start":
        return "session_start", {"source": _text(payload, "source")}
    if hook == "session_shutdown":
        return "session_end", {"reason": _text(payload, "reason")}
    if hook == "before_agent_start":
        text = _text(payload, "prompt")
        return "prompt", {"text": text} if text else None
    if hook == "message_end":
        text = _text(payload, "text")
        return "assistant", {"text": text, "final": payload.get("final") is True} if text else None
    return "tool_result", _tool(payload) if hook == "tool_result" else None


def _tool(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    name, given = _text(payload, "tool_name"), payload.get("tool_input")
    if not name:
        return None
    given = given if isinstance(given, Mapping) else {}
    kind, output = _KINDS.get(name, "other"), _text(payload, "tool_output")
    if name.startswith("memory_"):
        kind = "memory"
    fields: dict[str, Any] = {"tool_name": name, "tool_input": dict(given), "kind": kind}
    path = _text(given, "path")
    if path and kind in {"read", "edit"}:
        fields["files_read" if kind == "read" else "files_changed"] = [path]
    if payload.get("is_error") is not True:
        shown = _diff(path, given) if kind == "edit" else output
        return fields | {"status": "ok", "tool_output": shown} | _run(kind, given, 0)
    code = _EXIT_CODE.search(output)
    stopped = {"interrupted": True} if _ABORTED.search(output) else {}
    ran = _run(kind, given, int(code[1]) if code else None)
    return fields | {"status": "error", "tool_output": "", "error": output} | ran | stopped


def _run(kind: str, given: Mapping[str, Any], code: int | None) -> dict[str, Any]:
    if kind != "run":
        return {}
    return {"command": _text(given, "command"), "exit_code": code}


def _diff(path: str, given: Mapping[str, Any]) -> str:
    content, edits = given.get("content"), given.get("edits")
    if isinstance(content, str):
        return diffs.written(path, content, created=False)
    listed = (
        [each for each in edits if isinstance(each, Mapping)] if isinstance(edits, list) else []
    )
    return diffs.replaced(path, [(_text(e, "oldText"), _text(e, "newText")) for e in listed])


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value.strip() if isinstance(value, str) else ""
