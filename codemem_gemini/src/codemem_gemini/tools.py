"""What Gemini CLI's tools did, in the words that every reader of events understands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from codemem_core.api import diffs, redact
from codemem_gemini.texts import mapping, plain

_KINDS = {
    **dict.fromkeys(("read_file", "read_many_files", "activate_skill"), "read"),
    **dict.fromkeys(("write_file", "replace", "edit"), "edit"),
    "run_shell_command": "run",
    **dict.fromkeys(("grep_search", "search_file_content", "glob", "list_directory"), "search"),
    **dict.fromkeys(("web_fetch", "google_web_search", "get_internal_docs"), "fetch"),
    **dict.fromkeys(("write_todos", "enter_plan_mode", "update_topic"), "plan"),
    **dict.fromkeys(("ask_user", "exit_plan_mode"), "ask"),
    **dict.fromkeys(("codebase_investigator", "cli_help", "generalist"), "agent"),
}
_OURS = re.compile(r"(?:mcp_)?codemem_{1,2}memory_|memory_(?=[a-z]+\Z)")
"""How codemem's own tools are called: after their server, or plain."""
_FENCE = re.compile(r"\A\s*<untrusted_context>\n?|\n?</untrusted_context>\s*\Z")
_OUTPUT = re.compile(r"(?:\A|\n)Output: (.*)\Z", re.DOTALL)
_FOOTER = re.compile(
    r"\n(?:Error|Exit Code|Signal|Background PIDs|Process Group PGID): [^\n]*\Z", re.DOTALL
)
_EXIT_CODE = re.compile(r"\nExit Code: (-?\d{1,10})\b")
_CANCELLED = re.compile(
    r"\[Operation Cancelled\]|.{0,40}(?:was|were) (?:automatically )?cancelled|User cancelled", re.I
)
_DENIED = re.compile(r"(?:\[Operation Cancelled\] Reason: )?User (?:denied|declined|did not allow)")
_MARK = re.compile(r"(\[REDACTED:[\w-]+):[0-9a-f]{4}\]")
"""What stands for a secret; the end of it differs from process to process."""


def call_key(name: object, given: object) -> str:
    """Return what a call is known by: hooks do not tell the chat log's ids."""
    public = json.dumps(redact([name, given])[0], sort_keys=True, default=str)
    return hashlib.sha256(_MARK.sub(r"\1]", public).encode()).hexdigest()[:24]


def tool_result(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the typed result of a tool; None when the payload names no tool."""
    name, given = plain(payload.get("tool_name")), mapping(payload.get("tool_input"))
    if not name:
        return None
    response = mapping(payload.get("tool_response"))
    told, kind = _unfenced(plain(response.get("llmContent"))), _kind(name)
    error = _error(response)
    fields: dict[str, Any] = {"tool_name": name, "tool_input": dict(given), "kind": kind}
    if kind == "run":
        told, code = _shell(told)
        fields |= {"command": plain(given.get("command")), "exit_code": code}
        error = error or (f"exit code {code}" if code else "")
    fields |= _files(kind, given)
    fields["tool_output"] = _diff(given, response) if kind == "edit" else told
    fields["status"] = "error" if error else "ok"
    return fields | _outcome(error, told)


def _outcome(error: str, told: str) -> dict[str, Any]:
    """Return the error, and whether a person was the reason."""
    refused = {"refused": True} if _DENIED.match(error) else {}
    stopped = _CANCELLED.match(error) or _CANCELLED.match(told)
    interrupted = {"interrupted": True} if stopped and not refused else {}
    return ({"error": error} if error else {}) | refused | interrupted


def _kind(name: str) -> str:
    return "memory" if _OURS.match(name) else _KINDS.get(name, "other")


def _error(response: Mapping[str, Any]) -> str:
    error = response.get("error")
    return plain(error) or plain(mapping(error).get("message")) or ("failed" if error else "")


def _unfenced(told: str) -> str:
    """Return a tool's answer without the tags that mark it as untrusted."""
    return _FENCE.sub("", _FENCE.sub("", told))


def _shell(told: str) -> tuple[str, int]:
    """Return a command's output without what Gemini CLI says about it, and the exit code.

    The code is a line of its own, absent when it is 0.
    """
    text, footer = told, ""
    while found := _FOOTER.search(text):
        text, footer = text[: found.start()], found[0] + footer
    code, output = _EXIT_CODE.search(footer), _OUTPUT.search(text)
    words = output[1] if output else text
    return "" if words == "(empty)" else words, int(code[1]) if code else 0


def _files(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    path = plain(given.get("file_path")) or plain(given.get("absolute_path"))
    name = {"read": "files_read", "edit": "files_changed"}.get(kind)
    return {name: [path]} if name and path else {}


def _diff(given: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Return an edit as a unified diff: the client's own, else one made from what it was given."""
    display, path = mapping(response.get("returnDisplay")), plain(given.get("file_path"))
    created = display.get("isNewFile") is True
    _, mark, hunks = plain(display.get("fileDiff")).partition("\n@@")
    if mark:
        return diffs.from_hunks(path, ["@@" + hunks], created=created)
    if isinstance(given.get("content"), str):
        return diffs.written(path, given["content"], created=created)
    old, new = (given.get(name) for name in ("old_string", "new_string"))
    pair = (old if isinstance(old, str) else "", new if isinstance(new, str) else "")
    return diffs.replaced(path, [pair] if any(pair) else [])
