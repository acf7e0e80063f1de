"""What Codex's hooks and session logs say, as adapter events.

Payload shapes: recorded from Codex 0.171.0.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codemem_codex.history import logged_item, missed_payloads, payloads_of, stored_payloads
from codemem_codex.tools import typed
from codemem_core.api import AdapterEvent, EventContext, InputError, Settings, event_time

_MARK = re.compile(r"(\[REDACTED:[\w-]+):[0-9a-f]{4}\]")
"""What stands for a secret; the end of it differs from process to process."""
_Body = tuple[str, dict[str, Any]]
_WORDS = {
    "UserPromptSubmit": ("prompt", "prompt"),
    "Stop": ("assistant", "last_assistant_message"),
    "AssistantText": ("assistant", "text"),
}
"""Type of the event, and where the words are; `AssistantText` comes from the session log."""
_BOUNDARIES = {"SessionStart": ("session_start", "source"), "SessionEnd": ("session_end", "reason")}


class Codex:
    """The ingest source `codex`."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self.unread: Counter[str] = Counter()

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a hook payload; None for hooks that say nothing about the work."""
        hook, session = payload.get("hook_event_name", ""), _text(payload.get("session_id"))
        if not isinstance(hook, str):
            raise InputError("not a Codex hook payload: hook_event_name must be string")
        body = _body(hook, payload) if session else None
        if body is None or (body[0] == "prompt" and payload.get("agent_id")):
            return None
        ts, generated = event_time(payload.get("ts"))
        meta: dict[str, Any] = {"hook_event_name": hook, "ordering_confidence": "low"}
        if use := _text(payload.get("tool_use_id")):
            meta["tool_use_id"] = use
        if generated:
            meta["ts_normalized"] = "generated"
        extra = payload.get("codemem")
        if isinstance(extra, Mapping) and isinstance(extra.get("flush"), bool):
            meta["flush"] = extra["flush"]
        parts = "|".join([session, hook, *_identity(payload, body, ts)])
        return AdapterEvent(
            source="codex",
            session_id=session,
            event_id="cdx_evt_" + hashlib.sha256(parts.encode()).hexdigest()[:24],
            event_type=body[0],
            ts=ts,
            payload=body[1],
            cwd=context.cwd,
            meta=meta,
        )

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Read the session log at the end of a turn: what happened and fired no hook."""
        return missed_payloads(payload, seen=seen)

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield what stands in the session logs that Codex keeps."""
        self.unread.clear()
        yield from self._events(stored_payloads(since_ms=since_ms, unread=self.unread))

    def session(self, path: Path) -> Iterator[AdapterEvent]:
        """Yield what stands in one session log."""
        yield from self._events(payloads_of(path))

    def _events(self, stored: Iterable[Mapping[str, Any]]) -> Iterator[AdapterEvent]:
        for payload in stored:
            event = self.normalize(payload, context=EventContext(cwd=payload.get("cwd")))
            if event is not None:
                yield event


def _body(hook: str, payload: Mapping[str, Any]) -> _Body | None:
    """Return the adapter event's type and payload; None when there is nothing in it."""
    if hook in _WORDS:
        kind, field = _WORDS[hook]
        text = _text(payload.get(field))
        body = {"text": text} if kind == "prompt" else {"text": text, "final": hook == "Stop"}
        return (kind, body) if text else None
    if hook == "PostCompact":
        logged = logged_item(payload.get("transcript_path"), "compacted").get("message")
        text = _text(payload.get("compact_summary") or logged)
        return ("session_start", {"source": "compact", "text": text}) if text else None
    if hook == "Interrupt":
        return "error", {"message": "the user interrupted the turn", "interrupted": True}
    if hook == "PostToolUse":
        return _tool(payload)
    kind, field = _BOUNDARIES.get(hook, ("", ""))
    return (kind, {field: payload.get(field)}) if kind else None


def _tool(payload: Mapping[str, Any]) -> _Body | None:
    name = _text(payload.get("tool_name"))
    if not name:
        return None
    code = payload.get("exit_code")
    if name == "Bash" and "exit_code" not in payload:
        # Codex writes it down before its hook runs, which lacks it.
        use = _text(payload.get("tool_use_id"))
        code = logged_item(payload.get("transcript_path"), use).get("exit_code") if use else None
    return "tool_result", typed(
        name,
        payload.get("tool_input"),
        payload.get("tool_response"),
        cwd=_text(payload.get("cwd")),
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
    )


def _identity(payload: Mapping[str, Any], body: _Body, ts: str) -> Iterator[str]:
    """Yield what tells an event from the others of its session and hook.

    Codex's own ids where there are some: the same in its hooks and in its log.
    """
    use, turn = _text(payload.get("tool_use_id")), _text(payload.get("turn_id"))
    if use:
        yield use
        return
    yield turn or ts
    yield _text(payload.get("message_id"))
    told = {name: body[1].get(name) for name in ("text", "source", "reason")}
    yield _MARK.sub(r"\1]", json.dumps(told, default=str))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
