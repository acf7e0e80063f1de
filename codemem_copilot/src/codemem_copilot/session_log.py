"""Reads `events.jsonl`, Copilot's own record of a session, as the hook payloads of that session.

One line an event: `{"type", "data", "id", "timestamp"}`. Beside what hooks tell it has the words
of the assistant, and tools that were refused.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from codemem_copilot.payloads import Payload, mapping, text

LOG = "events.jsonl"
MAX_LINE_BYTES = 32 * 1024 * 1024
"""A longer line is skipped; the longest recorded one, a system prompt, had 48 KB."""
_MAX_OPEN_CALLS = 512
"""Calls without a result must not pile up: Copilot may have been killed."""
_WANTED = (b'"session.', b'"user.', b'"assistant.message', b'"tool.', b'"abort')
"""Every line that is read has one of these; most of a log is something else."""


def state_folder() -> Path:
    """Return where Copilot keeps a folder for each session."""
    return copilot_folder() / "session-state"


def copilot_folder() -> Path:
    """Return where Copilot keeps its settings, hooks and sessions."""
    return Path(os.environ.get("COPILOT_HOME") or "~/.copilot").expanduser()


def log_payloads(path: Path, skipped: Counter[str] | None = None) -> Iterator[Payload]:
    """Yield the payloads of a whole log, in order.

    `skipped` counts lines that could not be used, by reason. Raises `OSError`.
    """
    with path.open("rb") as lines:
        yield from _payloads(lines, path, Counter() if skipped is None else skipped)


def last_payloads(path: Path, *, max_bytes: int) -> Iterator[Payload]:
    """Yield those of the last `max_bytes` of a log; raises `OSError`."""
    with path.open("rb") as lines:
        start = max(0, os.fstat(lines.fileno()).st_size - max_bytes)
        if start:
            lines.seek(start - 1)
            lines.readline(MAX_LINE_BYTES)
        yield from _payloads(lines, path, Counter())


def _payloads(lines: BinaryIO, path: Path, skipped: Counter[str]) -> Iterator[Payload]:
    replay = _Replay(path.parent.name)
    for record in _records(lines, skipped):
        yield from replay.feed(record)


def _records(lines: BinaryIO, skipped: Counter[str]) -> Iterator[Mapping[str, Any]]:
    while line := lines.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            skipped["lines longer than 32 MiB"] += 1
            while (rest := lines.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        elif any(kind in line for kind in _WANTED):
            yield from _parsed(line, skipped)


def _parsed(line: bytes, skipped: Counter[str]) -> Iterator[Mapping[str, Any]]:
    try:
        record = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        skipped["malformed lines"] += 1
        return
    if isinstance(record, dict):
        yield record


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
