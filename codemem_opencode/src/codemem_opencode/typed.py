"""What OpenCode's tools did, in the words that every reader of events understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from codemem_core.api import diffs
from codemem_opencode.tool_text import child, word

_KINDS = {
    "read": "read",
    **dict.fromkeys(("edit", "multiedit", "write", "patch", "apply_patch"), "edit"),
    **dict.fromkeys(("bash", "shell"), "run"),
    **dict.fromkeys(("grep", "glob", "list", "lsp"), "search"),
    **dict.fromkeys(("webfetch", "websearch", "codesearch"), "fetch"),
    **dict.fromkeys(("todowrite", "todoread"), "plan"),
    "question": "ask",
    "task": "agent",
}
_OURS = ("codemem_memory_", "mem-")
"""How codemem's tools are called: the MCP server's, and the plugin's own."""
_REFUSED = re.compile(
    r"The user rejected permission|The user has specified a rule which prevents"
    r"|The user dismissed this question"
)
_INTERRUPTED = re.compile(r"Tool execution aborted|did not finish\b")
_ABORTED = "User aborted the command"
_REASON = re.compile(r"with the following feedback:\s*(.+)", re.DOTALL)
_EXIT_CODE = re.compile(r"exit code (-?\d{1,10})\b")
_ANSWER = '"{}"="(.*?)"(?=[,.;]|\\s|\\Z)'


def typed(payload: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a tool event's payload with its typed fields; those without a value are left out.

    `metadata` is what the tool says beside its output, where it is known.
    """
    name, given = word(payload.get("tool_name")), child(payload.get("tool_input"))
    kind = _kind(name)
    fields: dict[str, Any] = {**payload, "kind": kind}
    path = word(given.get("filePath")) or word(given.get("path"))
    if kind == "read" and path:
        fields["files_read"] = [path]
    if kind == "edit" and (changed := _changed(given, path)):
        fields["files_changed"] = changed
    if kind == "run" and word(given.get("command")):
        fields["command"] = given["command"]
    if "status" in payload:
        fields |= _result(kind, path, payload, child(metadata))
    return fields


def _kind(name: str) -> str:
    if name.startswith(_OURS):
        return "memory"
    return _KINDS.get(name.lower(), "other")


def _changed(given: Mapping[str, Any], path: str) -> list[str]:
    patched = diffs.patched_files(_patch(given))
    several = [word(child(edit).get("filePath")) for edit in _list(given.get("edits"))]
    return list(dict.fromkeys(filter(None, [path, *patched, *several])))


def _result(
    kind: str, path: str, payload: Mapping[str, Any], metadata: Mapping[str, Any]
) -> dict[str, Any]:
    output = _text(payload.get("tool_output"))
    error = _text(payload.get("error"))
    if kind == "edit":
        text = word(metadata.get("diff")) or _diff(path, output, child(payload.get("tool_input")))
        return _outcome(error, output) | {"tool_output": text}
    fields = _outcome(error, output) | {"tool_output": output}
    if kind == "run" and (code := _exit_code(payload, metadata, error)) is not None:
        fields["exit_code"] = code
    if answers := [*_answers(payload, output), *_reasons(error)]:
        fields["answers"] = answers
    return fields


def _outcome(error: str, output: str) -> dict[str, Any]:
    stopped = _INTERRUPTED.match(error) or (error and _ABORTED in output[-300:])
    return ({"refused": True} if _REFUSED.match(error) else {}) | (
        {"interrupted": True} if stopped else {}
    )


def _exit_code(payload: Mapping[str, Any], metadata: Mapping[str, Any], error: str) -> int | None:
    if isinstance(metadata.get("exit"), int):
        return int(metadata["exit"])
    match = _EXIT_CODE.match(error)
    if match:
        return int(match[1])
    return 0 if payload["status"] == "ok" else None


def _answers(payload: Mapping[str, Any], output: str) -> Iterator[dict[str, str]]:
    """Yield what the user chose when the agent asked; the output quotes both."""
    for each in _list(child(payload.get("tool_input")).get("questions")):
        question = word(child(each).get("question"))
        said = re.search(_ANSWER.format(re.escape(question)), output, re.DOTALL)
        if question and said and said[1].strip() not in {"", "Unanswered"}:
            yield {"question": question, "text": said[1]}


def _reasons(error: str) -> Iterator[dict[str, str]]:
    """Yield what the user said when refusing a tool."""
    said = _REASON.search(error) if _REFUSED.match(error) else None
    if said:
        yield {"question": "", "text": said[1].strip()}


def _diff(path: str, output: str, given: Mapping[str, Any]) -> str:
    """Return an edit as a unified diff, made from what the tool was given."""
    if patch := _patch(given):
        return diffs.from_patch(patch)
    if isinstance(given.get("content"), str):
        return diffs.written(path, given["content"], created="created" in output.lower())
    pairs = [_pair(child(each)) for each in _list(given.get("edits")) or [given]]
    return diffs.replaced(path, [pair for pair in pairs if any(pair)])


def _pair(edit: Mapping[str, Any]) -> tuple[str, str]:
    old, new = edit.get("oldString"), edit.get("newString")
    return old if isinstance(old, str) else "", new if isinstance(new, str) else ""


def _patch(given: Mapping[str, Any]) -> str:
    return word(given.get("patchText")) or word(given.get("patch"))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
