"""Reads `events.jsonl`, Copilot's own record of a session, as the hook payloads of that session.

One line an event: `{"type", "data", "id", "timestamp"}`. Beside what hooks tell it has the words
of the assistant, and tools that were refused.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codemem_copilot.payloads import Payload, mapping, text
from codemem_core.api import log_records

LOG = "events.jsonl"
_MAX_OPEN_CALLS = 512
"""Calls without a result must not pile up: Copilot may have been killed."""
_WANTED = ('"session.', '"user.', '"assistant.message', '"tool.', '"abort')
"""Every line that is read has one of these; most of a log is something else."""


def state_folder() -> Path:
    """Return where Copilot keeps a folder for each session."""
    return copilot_folder() / "session-state"


def copilot_folder() -> Path:
    """Return where Copilot keeps its settings, hooks and sessions."""
    return Path(os.environ.get("COPILOT_HOME") or "~/.copilot").expanduser()


def log_payloads(
    path: Path, skipped: Counter[str] | None = None, *, max_bytes: int = 0
) -> Iterator[Payload]:
    """Yield the payloads of a log in order, or those of its last `max_bytes`.

    `skipped` counts what could not be used, by reason.
    """
    replay = _Replay(path.parent.name)
    records = log_records(path, max_bytes=max_bytes, containing=_WANTED, skipped=skipped)
    for record in records:
        yield from replay.feed(record)


class _Replay:
    """Turns records into payloads; knows the session and the calls without a result."""

    def __init__(self, session_id: str) -> None:
        self._common: Payload = {"sessionId": session_id}
        self._calls: dict[str, Payload] = {}

    def feed(self, record: Mapping[str, Any]) -> Iterator[Payload]:
        """Yield what a record says."""
        reader = _READERS.get(str(record.get("type")))
        if reader is None:
            return
        common = {"timestamp": record.get("timestamp"), "recordId": record.get("id")}
        for payload in reader(self, mapping(record.get("data"))):
            yield {**self._common, **common, **payload}

    def _start(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        context = mapping(data.get("context"))
        known = {"sessionId": data.get("sessionId"), "cwd": context.get("cwd")}
        self._common |= {name: value for name, value in known.items() if text(value)}
        yield {"hookName": "sessionStart", "source": "new"}

    def _resume(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        if cwd := text(mapping(data.get("context")).get("cwd")):
            self._common["cwd"] = cwd
        yield {"hookName": "sessionStart", "source": "resume"}

    def _prompt(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        # `content` is what the user typed; `transformedContent` has what hooks added as well.
        yield {"hookName": "userPromptSubmitted", "prompt": data.get("content")}

    def _message(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        if words := text(data.get("content")):
            goes_on = bool(data.get("toolRequests"))
            hook = "assistantText" if goes_on else "agentStop"
            yield {"hookName": hook, "text": words}

    def _call(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        if len(self._calls) >= _MAX_OPEN_CALLS:
            self._calls.pop(next(iter(self._calls)))
        call = {"toolName": data.get("toolName"), "toolArgs": data.get("arguments")}
        self._calls[str(data.get("toolCallId"))] = call
        return
        yield

    def _result(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        call = self._calls.pop(str(data.get("toolCallId")), None)
        if call is None:
            return
        told = {**call, "toolCallId": data.get("toolCallId")}
        if data.get("success") is False:
            error = mapping(data.get("error"))
            kind = error.get("code")
            result = {"resultType": kind} if text(kind) else {}
            yield {**told, "hookName": "postToolUseFailure", "error": error, "toolResult": result}
            return
        content = mapping(data.get("result")).get("content")
        result = {"resultType": "success", "textResultForLlm": content}
        yield {**told, "hookName": "postToolUse", "toolResult": result}

    def _end(self, data: Mapping[str, Any]) -> Iterator[Payload]:
        yield {"hookName": "sessionEnd", "reason": data.get("shutdownType")}


_Reader = Callable[[_Replay, Mapping[str, Any]], Iterator[Payload]]
_READERS: Mapping[str, _Reader] = {
    "session.start": _Replay._start,
    "session.resume": _Replay._resume,
    "user.message": _Replay._prompt,
    "assistant.message": _Replay._message,
    "tool.execution_start": _Replay._call,
    "tool.execution_complete": _Replay._result,
    "session.shutdown": _Replay._end,
}
