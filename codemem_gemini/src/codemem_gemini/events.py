"""What Gemini CLI's hooks tell, as adapter events.

Payload shapes: recorded from Gemini CLI 0.61.0.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codemem_core.api import AdapterEvent, EventContext, InputError, Settings, closed_logs
from codemem_gemini.chat_log import Payload, gemini_folder, log_payloads
from codemem_gemini.texts import mapping, plain, spoken
from codemem_gemini.tools import call_key, tool_result

SOURCE = "gemini"
TAIL_BYTES = 2 * 1024 * 1024
"""How much of a chat log is read at the end of a turn."""
_ENDS = frozenset({"AfterAgent", "SessionEnd"})
_Body = tuple[str, dict[str, Any] | None]


class Gemini:
    """The ingest source `gemini`."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self.unread: Counter[str] = Counter()

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a hook payload; None when it says nothing about the work."""
        hook = payload.get("hook_event_name", "")
        if not isinstance(hook, str):
            raise InputError("not a Gemini CLI hook payload: hook_event_name must be string")
        session_id, reader = plain(payload.get("session_id")), _READERS.get(hook)
        event_type, body = reader(payload) if reader and session_id else ("", None)
        if body is None:
            return None
        at = _time(payload)
        meta: dict[str, Any] = {"hook_event_name": hook}
        if hook == "AfterTool":
            meta["tool_use_id"] = call_key(payload.get("tool_name"), payload.get("tool_input"))
        if at is None:
            meta["ts_normalized"] = "generated"
        if isinstance(flush := mapping(payload.get("codemem")).get("flush"), bool):
            meta["flush"] = flush
        return AdapterEvent(
            source=SOURCE,
            session_id=session_id,
            event_id=_event_id(session_id, hook, payload, at),
            event_type=event_type,
            ts=(at or datetime.now(UTC)).isoformat().replace("+00:00", "Z"),
            payload=body,
            cwd=plain(payload.get("cwd")) or context.cwd,
            meta=meta,
        )

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Read the chat log at the end of a turn: what happened and fired no hook."""
        if payload.get("hook_event_name") not in _ENDS:
            return
        kept = {n: payload[n] for n in ("session_id", "cwd", "codemem") if n in payload}
        for told in _tail(payload):
            if told["hook_event_name"] == "AfterTool":
                is_new = call_key(told["tool_name"], told["tool_input"]) not in seen
            else:
                is_new = told["hook_event_name"] == "AssistantText"
            if is_new:
                yield {**told, **kept}

    def session(self, path: Path) -> Iterator[AdapterEvent]:
        """Yield the events of one chat log; none of a file that is not Gemini CLI's."""
        if path.suffix != ".jsonl" or not path.name.startswith("session-"):
            return
        for told in log_payloads(path, self.unread):
            event = self.normalize(told, context=EventContext())
            if event is not None:
                yield event

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield what stands in the chat logs of ended sessions, oldest first."""
        self.unread.clear()
        for path in closed_logs(
            [gemini_folder() / "tmp"],
            "chats/session-*.jsonl",
            since_ms=since_ms,
            skipped=self.unread,
        ):
            yield from self.session(path)


def _tail(payload: Mapping[str, Any]) -> Iterator[Payload]:
    """Yield what the end of the chat log says; nothing when it cannot be read.

    What came after the payload is read at its own end: its hooks may be on their way still.
    """
    path, until = Path(plain(payload.get("transcript_path"))), _time(payload)
    if path.suffix != ".jsonl" or not path.is_absolute():
        return
    try:
        for told in log_payloads(path, max_bytes=TAIL_BYTES):
            at = _time(told)
            if until is None or at is None or at <= until:
                yield told
    except ValueError:  # a NUL in the path
        return


def _prompt(payload: Mapping[str, Any]) -> _Body:
    words = spoken(payload.get("prompt"))
    return "prompt", {"text": words} if words else None


def _between(payload: Mapping[str, Any]) -> _Body:
    words = plain(payload.get("prompt_response"))
    return "assistant", {"text": words, "final": False} if words else None


def _reply(payload: Mapping[str, Any]) -> _Body:
    """Return what the assistant said last; the hook gives all the words of the turn as one text."""
    words, last = plain(payload.get("prompt_response")), ""
    for told in _tail(payload):
        hook = told["hook_event_name"]
        if hook in {"BeforeAgent", "AfterAgent"}:
            last = told["prompt_response"] if hook == "AfterAgent" else ""
    words = last if last and words.endswith(last) else words
    return "assistant", {"text": words, "final": True} if words else None


_READERS: Mapping[str, Callable[[Mapping[str, Any]], _Body]] = {
    "SessionStart": lambda payload: ("session_start", {"source": plain(payload.get("source"))}),
    "BeforeAgent": _prompt,
    "AfterTool": lambda payload: ("tool_result", tool_result(payload)),
    "AssistantText": _between,
    "AfterAgent": _reply,
    "SessionEnd": lambda payload: ("session_end", {"reason": plain(payload.get("reason"))}),
}
"""Hooks we understand; `AssistantText` is none of Gemini CLI's but comes from its chat log."""


def _time(payload: Mapping[str, Any]) -> datetime | None:
    for name in ("timestamp", "ts"):
        try:
            at = datetime.fromisoformat(plain(payload.get(name)))
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _event_id(session_id: str, hook: str, payload: Mapping[str, Any], at: datetime | None) -> str:
    """Return the id of an event: by the log's own id, else by its time and what it says."""
    record = plain(payload.get("tool_call_id")) or plain(payload.get("record_id"))
    told = {name: payload.get(name) for name in ("source", "reason", "prompt", "prompt_response")}
    if hook == "AfterTool":
        told = {"key": call_key(payload.get("tool_name"), payload.get("tool_input"))}
    parts = (session_id, hook, *((record,) if record else (str(at), json.dumps(told, default=str))))
    return "gem_evt_" + hashlib.sha256("|".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
