"""Reads a session that Claude Code stored (its transcript) as the hook payloads it once sent.

A transcript is JSON lines. Only records of type `user` and `assistant` are the conversation, one
assistant record for each content block; everything else is the client's own bookkeeping.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A record holds one tool result at most; the largest seen was 1.3 MB. What is longer is skipped.
MAX_LINE_BYTES = 32 * 1024 * 1024
# Tool calls that never got a result (the client was killed) must not pile up.
MAX_OPEN_CALLS = 512

Payload = dict[str, Any]

_COMMAND = re.compile(r"<command-name>\s*(/?[^<]+?)\s*</command-name>")
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_INJECTED = re.compile(
    r"<(system-reminder|ide_[a-z_]+|local-command-[a-z]+|task-notification|bash-(?:input|std[a-z]+))>"
    r".*?(?:</\1>|\Z)",
    re.DOTALL,
)
_NOT_SAID = ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly")
# Claude Code tells the model of these, but fires no hook for them.
_NO_HOOK = ("<tool_use_error>", "The user doesn't want to")


def hook_payloads(path: str | Path, *, skipped: Counter[str] | None = None) -> Iterator[Payload]:
    """Yield the hook payloads of a transcript, in order, each with the record's time as `ts`.

    Streams: holds one line and the tool calls without a result. `skipped` counts lines that could
    not be used, by reason: `malformed`, `too long`. Raises `OSError` when the file cannot be read.
    """
    replay = _Replay(str(path))
    for record in _records(Path(path), skipped if skipped is not None else Counter()):
        yield from replay.feed(record)
    yield from replay.end()


def _records(path: Path, skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        while line := lines.readline(MAX_LINE_BYTES):
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                _drop_rest(lines)
                skipped["too long"] += 1
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                if line.strip():
                    skipped["malformed"] += 1
                continue
            if _is_conversation(record):
                yield record
            elif not isinstance(record, dict):
                skipped["malformed"] += 1


def _drop_rest(lines: Any) -> None:  # noqa: ANN401 - a buffered reader
    while (part := lines.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


def _is_conversation(record: object) -> bool:
    return (
        isinstance(record, dict)
        and record.get("type") in {"user", "assistant"}
        and isinstance(record.get("message"), dict)
        and isinstance(record.get("sessionId"), str)
        and not any(record.get(flag) for flag in _NOT_SAID)
    )


class _Replay:
    """Turns records into payloads; knows the open tool calls and what was said last."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._common: Payload = {}
        self._calls: dict[str, Payload] = {}
        self._slash: Payload | None = None
        self._said: list[str] = []
        self._said_in: object = None
        self._said_with: Payload = {}

    def feed(self, record: dict[str, Any]) -> Iterator[Payload]:
        """Yield what the hooks sent when this record came to be."""
        started = not self._common
        self._remember(record)
        if started:
            yield self._payload("SessionStart", source="startup")
        if record["type"] == "assistant":
            yield from self._assistant(record)
        else:
            yield from self._user(record)

    def end(self) -> Iterator[Payload]:
        """Yield what closes the session."""
        if self._common:
            yield from self._stop()
            yield self._payload("SessionEnd", reason="other")

    def _remember(self, record: dict[str, Any]) -> None:
        fields = {
            "session_id": record["sessionId"],
            "transcript_path": self._path,
            "cwd": record.get("cwd"),
            "prompt_id": record.get("promptId"),
            "ts": record.get("timestamp"),
        }
        known = {name: value for name, value in fields.items() if isinstance(value, str)}
        self._common = {**self._common, **known}

    def _payload(self, event: str, **fields: Any) -> Payload:  # noqa: ANN401 - JSON
        return {**self._common, "hook_event_name": event, **fields}

    def _assistant(self, record: dict[str, Any]) -> Iterator[Payload]:
        if self._slash:
            yield self._slash
            self._slash = None
        message = record["message"]
        for block in _blocks(message.get("content")):
            if block.get("type") == "tool_use":
                self._open_call(block)
            elif block.get("type") == "text" and not record.get("isApiErrorMessage"):
                self._say(str(block.get("text", "")), message.get("id"))

    def _open_call(self, block: dict[str, Any]) -> None:
        self._said.clear()
        if len(self._calls) >= MAX_OPEN_CALLS:
            self._calls.pop(next(iter(self._calls)))
        if isinstance(block.get("id"), str):
            self._calls[block["id"]] = {
                "tool_name": str(block.get("name", "")),
                "tool_input": block.get("input"),
                "tool_use_id": block["id"],
            }

    def _say(self, text: str, message_id: object) -> None:
        if message_id != self._said_in:
            self._said.clear()
        self._said_in, self._said_with = message_id, self._common
        if text.strip():
            self._said.append(text)

    def _user(self, record: dict[str, Any]) -> Iterator[Payload]:
        content = record["message"].get("content")
        for block in _blocks(content):
            if block.get("type") == "tool_result":
                yield from self._result(block, record)
        text = "\n".join(
            str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text"
        )
        if text.startswith("[Request interrupted by user"):
            self._said.clear()  # no Stop hook runs when the user presses Escape
        elif name := _COMMAND.search(text):
            args = _COMMAND_ARGS.search(text)
            prompt = f"/{name[1].lstrip('/')} {args[1].strip() if args else ''}".strip()
            yield from self._stop()
            # Only what the assistant answers was sent to it; `/clear` and its kind fire no hook.
            self._slash = self._payload("UserPromptSubmit", prompt=prompt)
        elif text := _INJECTED.sub("", text).strip():
            yield from self._stop()
            self._slash = None
            yield self._payload("UserPromptSubmit", prompt=text)

    def _result(self, block: dict[str, Any], record: dict[str, Any]) -> Iterator[Payload]:
        call = self._calls.pop(str(block.get("tool_use_id")), None)
        if call is None:
            return
        self._said.clear()
        text = _text(block.get("content"))
        if not block.get("is_error"):
            response = record.get("toolUseResult", text)
            yield self._payload("PostToolUse", **call, tool_response=response)
        elif not text.startswith(_NO_HOOK):
            yield self._payload("PostToolUseFailure", **call, error=text, is_interrupt=False)

    def _stop(self) -> Iterator[Payload]:
        if self._said:
            message = "\n\n".join(self._said).strip()
            stop = {"hook_event_name": "Stop", "stop_hook_active": False}
            yield {**self._said_with, **stop, "last_assistant_message": message}
        self._said.clear()


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict)]


def _text(content: object) -> str:
    return "\n".join(
        str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text"
    )
