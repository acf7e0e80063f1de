"""What Codex's tools did, in the words that every reader of events understands."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from codemem_core.api import diffs, tool_text

_KINDS = {
    "bash": "run",
    "apply_patch": "edit",
    "view_image": "read",
    "update_plan": "plan",
    "web_search": "fetch",
    "request_user_input": "ask",
    "spawn_agent": "agent",
    "tool_search": "search",
}
_REPORT = re.compile(
    r"(?:(?:Chunk ID|Wall time|Original token count|Process running with session ID)\b.*\n?"
    r"|(?:Exit code:|Process exited with code) (?P<code>-?\d+)\n)*(?:Output:\n)?"
)
"""What Codex tells the model before a tool's own output."""
_ABORTED = "aborted by user"
_FAILED = ("apply_patch verification failed", _ABORTED, "exec_command failed")
_REFUSED = re.compile(r"(?:exec command |patch )?rejected by user|.{0,40}denied by (?:user|policy)")


def typed(
    name: str, given: object, answer: object, *, cwd: str | None, exit_code: int | None = None
) -> dict[str, Any]:
    """Return the payload of a tool's result; fields without a value are left out.

    `exit_code` is what the session log says, where the answer does not.
    """
    kind = "memory" if name.startswith("mcp__codemem__") else _KINDS.get(name.lower(), "other")
    tool_input = given if isinstance(given, Mapping) else {}
    told = tool_text(answer)
    report = _REPORT.match(told)
    output = told[report.end() :] if report else told
    told_code = report["code"] if report else None
    code = int(told_code) if exit_code is None and told_code else exit_code
    fields: dict[str, Any] = {"tool_name": name, "tool_input": tool_input, "kind": kind}
    command = tool_input.get("command")
    if isinstance(command, str):
        fields |= _edit(command, cwd) if kind == "edit" else {"command": command}
    if code is not None and kind in {"run", "edit"}:
        fields["exit_code"] = code
    if output.startswith(_ABORTED):
        fields["interrupted"] = True
    if _REFUSED.match(output):
        fields["refused"] = True
    failed = bool(code) or output.startswith(_FAILED) or "refused" in fields
    return fields | _outcome(fields, output, code, failed=failed)


def _outcome(
    fields: Mapping[str, Any], output: str, code: int | None, *, failed: bool
) -> dict[str, Any]:
    diff = fields.get("tool_output", "")
    if not failed:
        return {"status": "ok", "tool_output": diff or output, "tool_error": None}
    error = f"Exit code {code}\n{output}".strip() if code else output
    return {"status": "error", "tool_output": diff or None, "error": error}


def _edit(patch: str, cwd: str | None) -> dict[str, Any]:
    """Return the files of a patch, and the patch as a unified diff."""
    files = [os.path.join(cwd or "", path) for path in diffs.patched_files(patch)]
    return {"files_changed": files, "tool_output": diffs.from_patch(patch)}
