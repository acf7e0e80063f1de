"""What Fifth's hook is told, and what stands in its log, as adapter events."""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from codemem_core.api import AdapterEvent, EventContext, Settings, diffs, log_records

_TYPES = {
    "opened": "session_start",
    "asked": "prompt",
    "used": "tool_result",
    "answered": "assistant",
    "closed": "session_end",
}
_KINDS = {"peek": "read", "amend": "edit", "shell": "run", "sift": "search", "visit": "fetch"}


class Fifth:
    """The ingest source `fifth`."""

    def __init__(self, settings: Settings) -> None:
        home = settings.environ.get("FIFTH_HOME") or os.path.expanduser("~/.fifth")
        self._log = os.path.join(home, "log")

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map what happened; None for events that say nothing about the work."""
        event, session, ts = (_text(payload, name) for name in ("event", "session", "ts"))
        body = _BODIES[event](payload) if event in _TYPES and session and ts else None
        if body is None:
            return None
        call = _text(payload, "call")
        identity = "|".join([session, event, call or ts + json.dumps(body, sort_keys=True)])
        return AdapterEvent(
            source="fifth",
            session_id=session,
            event_id=f"fifth-{hashlib.sha256(identity.encode(errors='replace')).hexdigest()[:24]}",
            event_type=_TYPES[event],
            ts=ts,
            payload=body,
            cwd=_text(payload, "dir") or context.cwd,
            meta={"tool_use_id": call} if call else {"flush": event == "closed"},
        )

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the tool calls of the log that no hook told: those that were denied or crashed."""
        session = _text(payload, "session")
        if payload.get("event") not in {"answered", "closed"} or os.sep in session:
            return
        for told in log_records(os.path.join(self._log, f"{session}.jsonl")):
            if told.get("event") == "used" and told.get("call") not in seen:
                yield {**told, "session": session, "dir": payload.get("dir")}


def _words(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    words = _text(payload, "words")
    return {"text": words} if words else None


def _answered(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    body = _words(payload)
    return {**body, "final": True} if body else None


def _used(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a tool call with the fields that every reader of events understands."""
    tool, given = _text(payload, "tool"), payload.get("with")
    given = given if isinstance(given, dict) else {}
    if not tool:
        return None
    kind, output, code = _KINDS.get(tool, "other"), _text(payload, "out"), payload.get("status")
    denied = payload.get("denied") is True
    failed = denied or (isinstance(code, int) and code != 0)
    body: dict[str, Any] = {"tool_name": tool, "tool_input": given, "kind": kind}
    body |= {"status": "error" if failed else "ok", "tool_output": output, "refused": denied}
    if failed:
        body["error"] = output or "denied by the user"
    if kind == "run":
        body["command"] = _text(given, "line")
        body |= {"exit_code": code} if isinstance(code, int) else {}
    if kind == "read" and (path := _text(given, "target")):
        body["files_read"] = [path]
    if kind == "edit":
        patch = _text(given, "patch")
        body |= {
            "files_changed": diffs.patched_files(patch),
            "tool_output": diffs.from_patch(patch),
        }
    return body


_BODIES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    "opened": lambda payload: {},
    "asked": _words,
    "used": _used,
    "answered": _answered,
    "closed": lambda payload: {},
}


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value.strip() if isinstance(value, str) else ""
