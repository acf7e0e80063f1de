"""What Claude Code's tools did, in the words that every reader of events understands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from codemem_core.api import diffs, tool_text

_KINDS = {
    **dict.fromkeys(("read", "notebookread", "skill", "read_file"), "read"),
    **dict.fromkeys(("edit", "multiedit", "write", "notebookedit", "write_file"), "edit"),
    **dict.fromkeys(("bash", "bashoutput", "killshell", "powershell", "run_shell_command"), "run"),
    **dict.fromkeys(("grep", "glob", "ls", "lsp", "toolsearch"), "search"),
    **dict.fromkeys(("grep_search", "list_directory"), "search"),
    **dict.fromkeys(
        ("webfetch", "websearch", "listmcpresourcestool", "readmcpresourcetool"), "fetch"
    ),
    **dict.fromkeys(("task", "agent"), "agent"),
    **dict.fromkeys(
        ("todowrite", "todoread", "taskcreate", "taskupdate", "tasklist", "taskget"), "plan"
    ),
    **dict.fromkeys(("askuserquestion", "exitplanmode"), "ask"),
}
_OURS = ("mcp__codemem__", "mcp__plugin_codemem_codemem__")
"""How tools of codemem's MCP server are called: entered by hand, and from the plugin."""
_PATHS = ("file_path", "notebook_path", "path")
_REFUSED = re.compile(
    r"The user doesn't want to |User rejected |User declined |The user wants to clarify "
    r"|The agent proposed a plan that was rejected by the user"
    r"|Permission (?:to use|for) .{0,2000}? (?:has been|was) denied"
    r"|Claude requested permissions? to .{0,2000}? but you haven't granted it",
    re.DOTALL,
)
_INTERRUPTED = re.compile(
    r"\[Request interrupted by user|Interrupted by user|Cancelled: parallel tool call"
    r"|Sibling tool call errored|.{0,20000}?Command was aborted before completion",
    re.DOTALL,
)
_REASON = re.compile(r"the user said:\s*(.+?)(?:\n\nNote: |\Z)", re.DOTALL)
_EXIT_CODE = re.compile(r"(?:Error: )?Exit code (\d{1,10})\b")
_ANSWER = '"{}"="(.*?)"(?=[,.;]|\\s|\\Z)'


def typed(body: Mapping[str, Any], *, stopped: bool = False) -> dict[str, Any]:
    """Return a tool event's payload with its typed fields; those without a value are left out.

    `stopped`: the hook says that the user interrupted the tool.
    """
    name, given = str(body.get("tool_name", "")), _mapping(body.get("tool_input"))
    kind = _kind(name)
    fields: dict[str, Any] = {**body, "kind": kind}
    path = next((given[key] for key in _PATHS if isinstance(given.get(key), str)), "")
    if path and kind in {"read", "edit"}:
        fields["files_read" if kind == "read" else "files_changed"] = [path]
    if kind == "run" and isinstance(given.get("command"), str):
        fields["command"] = given["command"]
    if "status" in body:
        fields |= _result(kind, path, body, stopped=stopped)
    return fields


def _kind(name: str) -> str:
    if name.startswith(_OURS):
        return "memory"
    return _KINDS.get(name.lower(), "other")


def _result(kind: str, path: str, body: Mapping[str, Any], *, stopped: bool) -> dict[str, Any]:
    answer = body.get("tool_output")
    error = tool_text(body.get("error") or body.get("tool_error"))
    details = _mapping(answer)
    fields: dict[str, Any] = {
        "tool_output": _diff(path, body) if kind == "edit" else tool_text(answer)
    }
    if kind == "run" and (code := _exit_code(body, details, error)) is not None:
        fields["exit_code"] = code
    if _REFUSED.match(error):
        fields["refused"] = True
    if stopped or details.get("interrupted") is True or _INTERRUPTED.match(error):
        fields["interrupted"] = True
    if answers := [*_answers(body), *_reasons(error)]:
        fields["answers"] = answers
    return fields


def _exit_code(body: Mapping[str, Any], details: Mapping[str, Any], error: str) -> int | None:
    """Return the exit code, which Claude Code names only when the command failed."""
    if body["status"] == "error":
        match = _EXIT_CODE.match(error)
        return int(match[1]) if match else None
    unknown = ("interrupted", "backgroundTaskId", "returnCodeInterpretation")
    return None if any(details.get(name) for name in unknown) else 0


def _answers(body: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what the user chose when the agent asked."""
    questions = _mapping(body.get("tool_input")).get("questions")
    if not isinstance(questions, list):
        return
    output = body.get("tool_output")
    given = _mapping(_mapping(output).get("answers"))
    told = tool_text(output)
    for each in questions:
        question = _mapping(each).get("question")
        if not isinstance(question, str) or not question:
            continue
        said = re.search(_ANSWER.format(re.escape(question)), told, re.DOTALL)
        text = tool_text(given.get(question)) or (said[1] if said else "")
        if text:
            yield {"question": question, "text": text}


def _reasons(error: str) -> Iterator[dict[str, str]]:
    """Yield what the user said when refusing a tool."""
    said = _REASON.search(error) if _REFUSED.match(error) else None
    if said:
        yield {"question": "", "text": said[1].strip()}


def _diff(path: str, body: Mapping[str, Any]) -> str:
    """Return an edit as a unified diff: from the patch that the tool gave, else from its input."""
    answer, given = body.get("tool_output"), _mapping(body.get("tool_input"))
    details = _mapping(answer)
    created = details.get("type") == "create"
    hunks = list(_hunks(details.get("structuredPatch")))
    if hunks:
        return diffs.from_hunks(path, hunks, created=created)
    content = given.get("content")
    if isinstance(content, str):
        new = created or "created" in tool_text(answer)[:200]
        return diffs.written(path, content, created=new)
    if isinstance(given.get("new_source"), str):
        return diffs.replaced(path, [("", given["new_source"])])
    edits = given.get("edits")
    pairs = [_pair(each) for each in (edits if isinstance(edits, list) else [given])]
    return diffs.replaced(path, [pair for pair in pairs if any(pair)])


def _pair(edit: object) -> tuple[str, str]:
    given = _mapping(edit)
    old, new = given.get("old_string"), given.get("new_string")
    return old if isinstance(old, str) else "", new if isinstance(new, str) else ""


def _hunks(patch: object) -> Iterator[str]:
    for hunk in patch if isinstance(patch, list) else []:
        if isinstance(hunk, Mapping) and isinstance(hunk.get("lines"), list):
            old = f"-{hunk.get('oldStart', 0)},{hunk.get('oldLines', 0)}"
            new = f"+{hunk.get('newStart', 0)},{hunk.get('newLines', 0)}"
            yield "\n".join([f"@@ {old} {new} @@", *map(str, hunk["lines"])])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
