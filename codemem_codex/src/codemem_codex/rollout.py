"""Reads a session log of Codex (a rollout) as the hook payloads it once sent, and those it did not.

A rollout is JSON lines: `response_item` records are the conversation, `event_msg` records say what
Codex made of it. Everything else is its own bookkeeping.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codemem_core.api import tool_text

Payload = dict[str, Any]

_SHELLS = frozenset({"exec_command", "shell", "local_shell", "shell_command", "container.exec"})
_NOT_THE_USERS = re.compile(
    r"<(?:environment_context|user_instructions|turn_aborted|user_shell_command|skill|INSTRUCTIONS)\b"
    r"|# AGENTS\.md instructions"
)
"""How older versions begin what they put into a user's message themselves."""


def payloads(records: Iterable[Payload]) -> Iterator[Payload]:
    """Yield the payloads of a rollout's records, in order, each with its record's time as `ts`.

    Beside the hooks' own there is `AssistantText`: what the assistant said between tools.
    """
    replay = _Replay()
    for record in records:
        if isinstance(record.get("payload"), dict):
            yield from replay.feed(record)


class _Replay:
    """Turns records into payloads; knows the open tool calls and what was said last."""

    def __init__(self) -> None:
        self._common: Payload = {}
        self._turn = ""
        self._calls: dict[str, Payload] = {}
        self._codes: dict[str, int] = {}
        """Exit codes of commands, by the call's id."""
        self._said: Payload | None = None
        """A message that may turn out to be the turn's last."""
        self._is_ours = True
        """False in the log of a subagent: its prompts are the model's."""

    def feed(self, record: Payload) -> Iterator[Payload]:
        """Yield what the hooks sent, or should have, when this record came to be."""
        kind, payload = record.get("type"), record["payload"]
        self._remember(record, payload)
        if kind == "session_meta":
            yield from self._begin(payload)
        elif not self._is_ours:
            return
        elif kind == "response_item":
            yield from self._item(payload)
        elif kind == "event_msg":
            yield from self._event(payload)
        elif kind == "compacted":
            text = str(payload.get("message") or "")
            yield self._payload("PostCompact", trigger="auto", compact_summary=text)

    def _remember(self, record: Payload, payload: Payload) -> None:
        self._common["ts"] = record.get("timestamp") or self._common.get("ts")
        places = {"session_meta", "turn_context"}
        if record.get("type") in places and isinstance(cwd := payload.get("cwd"), str):
            self._common["cwd"] = cwd
        self._turn = payload.get("turn_id") or _passed(payload).get("turn_id") or self._turn

    def _begin(self, payload: Payload) -> Iterator[Payload]:
        begun = "session_id" in self._common
        if isinstance(session := payload.get("id"), str) and not begun:
            self._common["session_id"] = session
            # A subagent's source is an object.
            self._is_ours = isinstance(payload.get("source", ""), str)
            if self._is_ours:
                yield self._payload("SessionStart", source="startup")

    def _payload(self, hook: str, **fields: Any) -> Payload:  # noqa: ANN401 - JSON
        return {**self._common, "hook_event_name": hook, "turn_id": self._turn, **fields}

    def _item(self, item: Payload) -> Iterator[Payload]:
        kind = item.get("type")
        if kind == "message":
            yield from self._message(item)
        elif kind in {"function_call", "custom_tool_call"}:
            yield from self._between()
            self._open(item)
        elif kind in {"function_call_output", "custom_tool_call_output"}:
            yield from self._result(item)

    def _message(self, item: Payload) -> Iterator[Payload]:
        text = tool_text(item.get("content")).strip()
        if item.get("role") == "assistant" and text:
            yield from self._between()
            self._said = self._payload("AssistantText", text=text, message_id=item.get("id"))
        elif item.get("role") == "user" and text and _is_the_users(item, text):
            yield from self._stop()
            yield self._payload("UserPromptSubmit", prompt=text)

    def _open(self, item: Payload) -> None:
        if isinstance(call_id := item.get("call_id"), str):
            self._calls[call_id] = {"tool_use_id": call_id, **_call(item)}

    def _result(self, item: Payload) -> Iterator[Payload]:
        call = self._calls.pop(str(item.get("call_id")), None)
        if call is not None:
            code = self._codes.pop(call["tool_use_id"], None)
            answer = item.get("output")
            yield self._payload("PostToolUse", **call, tool_response=answer, exit_code=code)

    def _event(self, event: Payload) -> Iterator[Payload]:
        kind, item = event.get("type"), event.get("item")
        if kind == "item_completed" and isinstance(item, Mapping):
            if isinstance(code := item.get("exit_code"), int):
                self._codes[str(item.get("id"))] = code
        elif kind == "task_complete":
            yield from self._stop(event.get("last_agent_message"))
        elif kind == "turn_aborted":
            yield from self._between()
            yield self._payload("Interrupt")

    def _between(self) -> Iterator[Payload]:
        """Yield what was said and was not the end of the turn: no hook told of it."""
        if self._said:
            yield self._said
        self._said = None

    def _stop(self, text: object = None) -> Iterator[Payload]:
        """Yield the end of a turn; older versions do not record it."""
        said, self._said = self._said, None
        if said or text:
            last = {"last_assistant_message": text or (said or {}).get("text")}
            place = {"turn_id": said["turn_id"], "ts": said["ts"]} if said else {}
            yield self._payload("Stop", **last) | place


def _passed(payload: Payload) -> Payload:
    """Return what Codex notes of an item beside what the model sees."""
    passed = payload.get("internal_chat_message_metadata_passthrough")
    return passed if isinstance(passed, dict) else {}


def _is_the_users(item: Payload, text: str) -> bool:
    """Say whether a message with role `user` is what the user wrote."""
    kinds = _passed(item).get("content_item_kinds")
    if isinstance(kinds, list):
        return "user.text" in kinds
    return not _NOT_THE_USERS.match(text)


def _call(item: Payload) -> Payload:
    """Return a tool call as the hooks name it."""
    name = str(item.get("name", ""))
    if isinstance(item.get("namespace"), str):
        name = f"{item['namespace']}__{name}"
    if item.get("type") == "custom_tool_call":
        return {"tool_name": name, "tool_input": {"command": item.get("input")}}
    try:
        given = json.loads(item.get("arguments") or "{}")
    except (ValueError, TypeError, RecursionError):
        given = {}
    if name not in _SHELLS or not isinstance(given, dict):
        return {"tool_name": name, "tool_input": given}
    command = given.get("cmd") or given.get("command")
    if isinstance(command, list):
        # ["bash", "-lc", "the command"]
        command = command[-1] if command[1:2] == ["-lc"] else " ".join(map(str, command))
    return {"tool_name": "Bash", "tool_input": {"command": command}}
