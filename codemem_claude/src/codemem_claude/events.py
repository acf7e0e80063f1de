"""What Claude Code's hooks say, as adapter events.

Payload shapes: recorded from Claude Code 2.1.197 and 2.1.330.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from codemem_claude.history import hook_payloads, stored_payloads
from codemem_claude.outputs import with_ends
from codemem_claude.tools import typed
from codemem_claude.transcript import last_reply, usage_of
from codemem_claude.transcript_events import missed_payloads
from codemem_core.api import AdapterEvent, EventContext, InputError, Settings, event_time

_ALWAYS_READ = frozenset(
    [
        "hook_event_name",
        "session_id",
        "cwd",
        "ts",
        "timestamp",
        "transcript_path",
        "permission_mode",
        "tool_use_id",
        "project",
        "codemem",
    ]
)
_READ = {
    "SessionStart": {"source"},
    "UserPromptSubmit": {"prompt"},
    "PreToolUse": {"tool_name", "tool_input"},
    "PostToolUse": {"tool_name", "tool_input", "tool_response"},
    "PostToolUseFailure": {"tool_name", "tool_input", "error", "is_interrupt"},
    "Stop": {"stop_hook_active", "last_assistant_message", "usage"},
    "StopFailure": {"error", "last_assistant_message"},
    "SubagentStop": {"agent_type", "last_assistant_message"},
    "InstructionsLoaded": {"file_path", "memory_type", "load_reason"},
    "PostCompact": {"trigger", "compact_summary"},
    "SessionEnd": {"reason"},
    "AssistantText": {"text", "usage", "uuid"},
    "Interrupted": {"text", "uuid"},
}
"""Hooks we understand, and what we take out of each; the rest goes into `meta.hook_fields`.

`AssistantText` and `Interrupted` are no hooks of Claude Code but come from a transcript
(`missed.py`).
"""

_TOOLS = frozenset({"tool_call", "tool_result"})
_MARK = re.compile(r"(\[REDACTED:[\w-]+):[0-9a-f]{4}\]")
"""What stands for a secret; the end of it differs from process to process."""
_SAID = frozenset({"prompt", "assistant"})
"""What a subagent is told and answers is not the user's word nor the session's end."""
_NOTIFICATION = "<task-notification>"
"""How 2.1.330 opens the prompts it submits itself; they are not the user's words."""


class Claude:
    """The ingest source `claude`."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self.unread: Counter[str] = Counter()

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a hook payload; None for hooks and prompts that say nothing about the work."""
        hook = payload.get("hook_event_name", "")
        if not isinstance(hook, str):
            raise InputError("not a Claude Code hook payload: hook_event_name must be string")
        session_id = payload.get("session_id")
        if hook not in _READ or not isinstance(session_id, str) or not session_id.strip():
            return None
        event_type, body = _body(hook, payload)
        if event_type is None or (event_type in _SAID and payload.get("agent_id")):
            return None
        ts, generated = event_time(_text(payload.get("ts")) or payload.get("timestamp"))
        tool_use = payload.get("tool_use_id")
        meta: dict[str, Any] = {"hook_event_name": hook, "ordering_confidence": "low"}
        if isinstance(tool_use, str) and tool_use:
            meta["tool_use_id"] = tool_use
        if generated:
            meta["ts_normalized"] = "generated"
        if isinstance(flush := _extra(payload).get("flush"), bool):
            meta["flush"] = flush
        if rest := {k: v for k, v in payload.items() if k not in _ALWAYS_READ | _READ[hook]}:
            meta["hook_fields"] = rest
        parts = (session_id, hook, *_identity(hook, payload, body, ts))
        return AdapterEvent(
            source="claude",
            session_id=session_id.strip(),
            event_id="cld_evt_" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:24],
            event_type=event_type,
            ts=ts,
            payload=_completed(event_type, body, payload),
            cwd=context.cwd,
            meta=meta,
        )

    def complete(self, event: AdapterEvent) -> AdapterEvent:
        """Fill in the fields of an event that was stored without them."""
        payload = event.payload
        if event.event_type in _TOOLS and "kind" not in payload:
            return replace(event, payload=typed(payload))
        if event.event_type == "assistant" and "final" not in payload:
            final = event.meta.get("hook_event_name") == "Stop"
            return replace(event, payload={**payload, "final": final})
        return event

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Read the transcript at the end of a turn: what happened and fired no hook."""
        return missed_payloads(payload, seen=seen)

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield what stands in the transcripts that Claude Code keeps."""
        self.unread.clear()
        yield from self._events(stored_payloads(since_ms=since_ms, skipped=self.unread))

    def session(self, path: Path) -> Iterator[AdapterEvent]:
        """Yield what stands in one transcript."""
        yield from self._events(hook_payloads(path, everything=True))

    def _events(self, payloads: Iterable[Mapping[str, Any]]) -> Iterator[AdapterEvent]:
        for stored in payloads:
            event = self.normalize(stored, context=EventContext(cwd=stored.get("cwd")))
            if event is not None:
                yield event


def _extra(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what our own hook command added."""
    extra = payload.get("codemem")
    return extra if isinstance(extra, Mapping) else {}


def _compacted(payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the model's own summary of the session so far, as a boundary."""
    text = _text(payload.get("compact_summary"))
    return ("session_start" if text else None), {"source": "compact", "text": text}


def _failed(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a turn that ended because the API failed, with what was said until then."""
    said = (_text(payload.get("error")), _text(payload.get("last_assistant_message")))
    return "error", {"message": "\n".join(filter(None, said)) or "the API failed"}


_BOUNDARIES: Mapping[str, Callable[[Mapping[str, Any]], tuple[str | None, dict[str, Any]]]] = {
    "SessionStart": lambda payload: ("session_start", {"source": payload.get("source")}),
    "SessionEnd": lambda payload: ("session_end", {"reason": payload.get("reason")}),
    "StopFailure": _failed,
    "PostCompact": _compacted,
    "Interrupted": lambda payload: (
        "error",
        {"message": _text(payload.get("text")), "interrupted": True},
    ),
}


def _body(hook: str, payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the adapter event's type and payload; the type is None when there is nothing in it."""
    if hook in _BOUNDARIES:
        return _BOUNDARIES[hook](payload)
    if hook == "UserPromptSubmit":
        text = _text(payload.get("prompt"))
        return ("prompt" if text and not text.startswith(_NOTIFICATION) else None), {"text": text}
    readers = {"Stop": _reply, "SubagentStop": _subagent, "InstructionsLoaded": _instructions}
    if hook in readers:
        return readers[hook](payload)
    if hook == "AssistantText":
        text, usage = _text(payload.get("text")), usage_of(payload.get("usage"))
        return ("assistant" if text else None), {
            "text": text,
            "final": False,
            **({"usage": usage} if usage else {}),
        }
    return _tool(hook, payload)


def _tool(hook: str, payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    name, given = _text(payload.get("tool_name")), payload.get("tool_input")
    body: dict[str, Any] = {
        "tool_name": name,
        "tool_input": given if isinstance(given, Mapping) else {},
    }
    if not name:
        return None, body
    if hook == "PreToolUse":
        return "tool_call", body
    if hook == "PostToolUse":
        answer = payload.get("tool_response")
        return "tool_result", {**body, "status": "ok", "tool_output": answer, "tool_error": None}
    error = payload.get("error")
    return "tool_result", {**body, "status": "error", "tool_output": None, "error": error}


def _subagent(payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return what a subagent found; of one in the background nothing else tells it.

    The CLI's own helpers have no type.
    """
    kind, text = _text(payload.get("agent_type")), _text(payload.get("last_assistant_message"))
    body = {"tool_name": "Agent", "tool_input": {"subagent_type": kind}, "tool_output": text}
    return ("tool_result" if kind and text else None), {**body, "status": "ok", "tool_error": None}


def _instructions(payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return which of its instruction files Claude Code read: it had them, and learnt nothing."""
    path = _text(payload.get("file_path"))
    given = {"file_path": path, "reason": payload.get("load_reason")}
    body = {"tool_name": "Read", "tool_input": given, "tool_output": None, "tool_error": None}
    return ("tool_result" if path else None), {**body, "status": "ok"}


def _reply(payload: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return what the assistant said last; the transcript has it when the payload has not."""
    text, usage = _text(payload.get("last_assistant_message")), usage_of(payload.get("usage"))
    if not text or not usage:
        told, counted = last_reply(payload.get("transcript_path"), cwd=payload.get("cwd"))
        text, usage = text or told, usage or counted
    body: dict[str, Any] = {"text": text, "final": True}
    if usage:
        body["usage"] = usage
    return ("assistant" if text else None), body


def _identity(
    hook: str, payload: Mapping[str, Any], body: dict[str, Any], ts: str
) -> Iterator[str]:
    """Yield what tells an event from the others of its session and hook.

    Claude Code's own id where there is one: the same however often its hook fires, and in the
    transcript.
    """
    tool_use, prompt = _text(payload.get("tool_use_id")), _text(payload.get("prompt_id"))
    if tool_use:
        yield tool_use
        return
    yield from (prompt,) if prompt and hook == "UserPromptSubmit" else (ts, "")
    yield _hash(_id_payload(hook, payload, body))


def _id_payload(hook: str, payload: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return what the event's id is made of; for Stop nothing that the transcript could change."""
    if hook in {"AssistantText", "Interrupted"}:
        return {"text": body.get("text", ""), "uuid": payload.get("uuid")}
    if hook != "Stop":
        return body
    text, usage = payload.get("last_assistant_message"), payload.get("usage")
    stable: dict[str, Any] = {"text": text or ""}
    if usage:
        stable["usage"] = usage
    if not text and not usage:
        stable["transcript_path"] = _text(payload.get("transcript_path"))
    return stable


def _completed(event_type: str, body: dict[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event's payload: a tool's with its typed fields and the end of a long output."""
    if event_type not in _TOOLS:
        return body
    output = body.get("tool_output")
    if isinstance(output, Mapping) and output.get("persistedOutputPath"):
        body = {**body, "tool_output": with_ends(output, payload)}
    return typed(body, stopped=payload.get("is_interrupt") is True)


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    if "[REDACTED:" in text:
        text = _MARK.sub(r"\1]", text)
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
