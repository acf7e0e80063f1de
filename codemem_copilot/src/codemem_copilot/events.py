"""What Copilot's hooks tell, as adapter events."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codemem_copilot.payloads import Payload, camel_case, hook_of, mapping, moment, text
from codemem_copilot.session_log import LOG, log_payloads, state_folder
from codemem_copilot.tools import call_key, tool_result
from codemem_core.api import AdapterEvent, EventContext, Settings, closed_logs

SOURCE = "copilot"
TAIL_BYTES = 2 * 1024 * 1024
"""How much of a log is read at the end of a turn: about 300 tool calls."""
_ENDS = frozenset({"agentStop", "sessionEnd"})
_TOOLS = frozenset({"postToolUse", "postToolUseFailure"})
_Body = tuple[str, dict[str, Any] | None]


class Copilot:
    """The ingest source `copilot`."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self.unread: Counter[str] = Counter()

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a hook payload of either dialect; None when it says nothing about the work."""
        given = camel_case(payload)
        hook, session_id = hook_of(given), text(given.get("sessionId"))
        reader = _READERS.get(hook)
        event_type, body = reader(given) if reader and session_id else ("", None)
        if body is None:
            return None
        at = moment(given.get("timestamp"), given.get("ts"))
        meta: dict[str, Any] = {"hook_event_name": hook}
        if hook in _TOOLS:
            meta["tool_use_id"] = call_key(given.get("toolArgs"))
        if at is None:
            meta["ts_normalized"] = "generated"
        if isinstance(flush := mapping(given.get("codemem")).get("flush"), bool):
            meta["flush"] = flush
        return AdapterEvent(
            source=SOURCE,
            session_id=session_id,
            event_id=_event_id(session_id, hook, given, at),
            event_type=event_type,
            ts=(at or datetime.now(UTC)).isoformat().replace("+00:00", "Z"),
            payload=body,
            cwd=text(given.get("cwd")) or context.cwd,
            meta=meta,
        )

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Read the session's log at the end of a turn: what happened and fired no hook."""
        given = camel_case(payload)
        if given.get("hookName") not in _ENDS:
            return
        kept: Payload = {n: given[n] for n in ("sessionId", "cwd", "codemem") if n in given}
        for told in _tail(given, until=moment(given.get("timestamp"), given.get("ts"))):
            if told["hookName"] in _TOOLS:
                is_new = call_key(told["toolArgs"]) not in seen
            else:
                is_new = told["hookName"] == "assistantText"
            if is_new:
                yield {**told, **kept}

    def session(self, path: Path) -> Iterator[AdapterEvent]:
        """Yield the events of one `events.jsonl`; none of a file that is not Copilot's."""
        if path.name != LOG:
            return
        for told in log_payloads(path, self.unread):
            event = self.normalize(told, context=EventContext())
            if event is not None:
                yield event

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield what stands in the logs that Copilot keeps of ended sessions, oldest first."""
        self.unread.clear()
        for path in closed_logs([state_folder()], LOG, since_ms=since_ms, skipped=self.unread):
            yield from self.session(path)


def _tail(payload: Mapping[str, Any], *, until: datetime | None) -> Iterator[Payload]:
    """Yield what the end of the session's log says; nothing when it cannot be read.

    What came after `until` is read at its own end: its hooks may be on their way still.
    """
    path = text(payload.get("transcriptPath"))
    place = Path(path) if path else state_folder() / text(payload.get("sessionId")) / LOG
    if place.name != LOG or not place.is_absolute():
        return
    try:
        for told in log_payloads(place, max_bytes=TAIL_BYTES):
            at = moment(told["timestamp"])
            if until is None or at is None or at <= until:
                yield told
    except ValueError:  # a NUL in the path
        return


def _start(payload: Mapping[str, Any]) -> _Body:
    return "session_start", {"source": text(payload.get("source"))}


def _end(payload: Mapping[str, Any]) -> _Body:
    return "session_end", {"reason": text(payload.get("reason"))}


def _prompt(payload: Mapping[str, Any]) -> _Body:
    words = text(payload.get("prompt"))
    return "prompt", {"text": words} if words else None


def _between(payload: Mapping[str, Any]) -> _Body:
    words = text(payload.get("text"))
    return "assistant", {"text": words, "final": False} if words else None


def _reply(payload: Mapping[str, Any]) -> _Body:
    """Return what the assistant said last; the hook does not tell, the log does."""
    words = text(payload.get("text")) or _last_words(payload)
    return "assistant", {"text": words, "final": True} if words else None


def _last_words(payload: Mapping[str, Any]) -> str:
    words = ""
    for told in _tail(payload, until=moment(payload.get("timestamp"), payload.get("ts"))):
        if told["hookName"] == "agentStop":
            words = told["text"]
        elif told["hookName"] == "userPromptSubmitted":
            words = ""  # those of an earlier turn
    return words


_READERS: Mapping[str, Callable[[Mapping[str, Any]], _Body]] = {
    "sessionStart": _start,
    "userPromptSubmitted": _prompt,
    "postToolUse": lambda payload: ("tool_result", tool_result(payload)),
    "postToolUseFailure": lambda payload: ("tool_result", tool_result(payload)),
    "assistantText": _between,
    "agentStop": _reply,
    "sessionEnd": _end,
}
"""Hooks we understand; `assistantText` is none of Copilot's but comes from its log."""


def _event_id(session_id: str, hook: str, payload: Mapping[str, Any], at: datetime | None) -> str:
    """Return the id of an event: by the log's own id, else by its time and what it says."""
    record = text(payload.get("toolCallId")) or text(payload.get("recordId"))
    told = {name: payload.get(name) for name in ("source", "reason", "prompt")}
    if hook in _TOOLS:
        told = {"tool": payload.get("toolName"), "key": call_key(payload.get("toolArgs"))}
    parts = (session_id, hook, *((record,) if record else (str(at), json.dumps(told, default=str))))
    return "cop_evt_" + hashlib.sha256("|".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
