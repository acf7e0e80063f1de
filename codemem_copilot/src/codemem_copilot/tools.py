"""What Copilot's tools did, in the words that every reader of events understands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from codemem_copilot.payloads import mapping, text
from codemem_core.api import diffs, redact

_KINDS = {
    **dict.fromkeys(("view", "read", "skill"), "read"),
    **dict.fromkeys(("edit", "create", "write", "str_replace", "apply_patch"), "edit"),
    **dict.fromkeys(
        ("bash", "powershell", "read_bash", "write_bash", "stop_bash", "list_bash"), "run"
    ),
    **dict.fromkeys(("grep", "glob", "rg", "lsp"), "search"),
    **dict.fromkeys(("web_fetch", "web_search", "fetch_copilot_cli_documentation"), "fetch"),
    **dict.fromkeys(("task", "read_agent", "list_agents"), "agent"),
    **dict.fromkeys(("update_todo", "report_intent"), "plan"),
    **dict.fromkeys(("ask_user", "exit_plan_mode"), "ask"),
}
_OURS = "codemem-"
"""How Copilot calls the tools of an MCP server named `codemem`."""
_EXIT = re.compile(r"\n?<(?:shellId: [\w-]{1,40} )?completed with exit code (-?\d{1,10})>\s*\Z")
_REFUSED = re.compile(
    r"The user (?:rejected|denied|declined)|.{0,200}(?:Permission denied and could not request"
    r"|permission was denied|user (?:rejected|denied))",
    re.IGNORECASE | re.DOTALL,
)
_REFUSALS = frozenset({"denied", "rejected"})
_MARK = re.compile(r"(\[REDACTED:[\w-]+):[0-9a-f]{4}\]")
"""What stands for a secret; the end of it differs from process to process."""


def call_key(given: object) -> str:
    """Return what a call is known by: its arguments, because hooks do not tell the log's ids.

    Not by the name of the tool, which the two dialects and the log give differently.
    """
    public = json.dumps(redact(dict(arguments(given)))[0], sort_keys=True, default=str)
    return hashlib.sha256(_MARK.sub(r"\1]", public).encode()).hexdigest()[:24]


def tool_result(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the typed result of a tool; None when the payload names no tool."""
    name, given = text(payload.get("toolName")), arguments(payload.get("toolArgs"))
    if not name:
        return None
    result, error = mapping(payload.get("toolResult")), _error(payload)
    output, code = _output(result.get("textResultForLlm"))
    kind = _kind(name)
    if kind == "run" and not error and code not in {None, 0}:
        error = f"exit code {code}"
    fields: dict[str, Any] = {
        "tool_name": name,
        "tool_input": dict(given),
        "status": "error" if error else "ok",
        "kind": kind,
        "tool_output": _diff(given, result) if kind == "edit" else output,
        **_files(kind, given),
    }
    if error:
        fields["error"] = error
    if kind == "run" and code is not None:
        fields["exit_code"] = code
    if text(result.get("resultType")) in _REFUSALS or _REFUSED.match(error):
        fields["refused"] = True
    return fields


def arguments(given: object) -> Mapping[str, Any]:
    """Return a tool's arguments, which may come as JSON text; other text is a patch."""
    if not isinstance(given, str):
        return mapping(given)
    try:
        return mapping(json.loads(given))
    except (ValueError, RecursionError):
        return {"patch": given}


def _kind(name: str) -> str:
    return "memory" if name.startswith(_OURS) else _KINDS.get(name.lower(), "other")


def _error(payload: Mapping[str, Any]) -> str:
    """Return why a tool failed or was refused; empty when it did its work."""
    error = payload.get("error")
    said = text(error) or text(mapping(error).get("message"))
    if said or payload.get("hookName") == "postToolUseFailure":
        return said or "failed"
    result = mapping(payload.get("toolResult"))
    if text(result.get("resultType")) in {"", "success"}:
        return ""
    return text(result.get("textResultForLlm")) or text(result.get("resultType"))


def _output(told: object) -> tuple[str, int | None]:
    """Return a tool's output without the line that tells its exit code, and that code."""
    output = told if isinstance(told, str) else ""
    found = _EXIT.search(output)
    return (output[: found.start()], int(found[1])) if found else (output, None)


def _files(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    path = text(given.get("path")) or text(given.get("file_path"))
    if kind == "read" and path:
        return {"files_read": [path]}
    if kind == "edit" and (patched := diffs.patched_files(_patch(given)) or [path]) != [""]:
        return {"files_changed": patched}
    command = text(given.get("command"))
    return {"command": command} if kind == "run" and command else {}


def _diff(given: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Return an edit as a unified diff, made from what the tool was given."""
    if patch := _patch(given):
        return diffs.from_patch(patch)
    path = text(given.get("path")) or text(given.get("file_path"))
    for name in ("file_text", "content"):
        if isinstance(given.get(name), str):
            created = text(result.get("textResultForLlm")).startswith("Created")
            return diffs.written(path, given[name], created=created)
    old, new = (given.get(f"{age}_str") or given.get(f"{age}_string") for age in ("old", "new"))
    pair = (old if isinstance(old, str) else "", new if isinstance(new, str) else "")
    return diffs.replaced(path, [pair] if any(pair) else [])


def _patch(given: Mapping[str, Any]) -> str:
    return text(given.get("patch")) or text(given.get("input"))
