"""Tool calls: what the after-hook reports, and the failures it never hears of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codemem_opencode.tool_text import Said, child, present, sorted_json, word


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A finished call, wherever it was reported; any value may be of any type."""

    tool: object
    args: object
    output: object = None
    error: object = None
    metadata: Mapping[str, Any]
    call_id: object = None
    at: object = None
    cwd: object = None


def read_tool(event: Mapping[str, Any]) -> Said | None:
    """Read `tool.execute.after`, as the hook gets it or as codemem's plugin posts it."""
    if "input" in event or "output" in event:
        return _result(_hook_call(event))
    call = _Call(
        tool=event.get("tool"),
        args=event.get("args"),
        output=event.get("result"),
        error=event.get("error"),
        metadata=child(event, "metadata"),
        call_id=event.get("call_id"),
        at=event.get("timestamp"),
        cwd=event.get("cwd"),
    )
    return _result(call)


def read_failed_part(event: Mapping[str, Any]) -> Said | None:
    """Read a tool part of `message.part.updated` whose tool failed.

    OpenCode runs no after-hook for these; of the others the hook has told already.
    """
    part = child(event, "properties", "part")
    state = child(part, "state")
    if state.get("status") != "error":
        return None
    call = _Call(
        tool=part.get("tool"),
        args=state.get("input"),
        error=state.get("error") or "failed",
        metadata=child(state, "metadata"),
        call_id=part.get("callID"),
        at=child(state, "time").get("end"),
    )
    return _result(call)


def message_of(error: object) -> str:
    """Return an error as text; OpenCode's are `{name, data: {message}}`, others plain."""
    if isinstance(error, Mapping):
        said = child(error, "data").get("message") or error.get("message") or error.get("name")
        return word(said) or sorted_json(error)
    return word(error) or ("" if error in (None, False, "") else sorted_json(error))


def output_text(output: object) -> object:
    """Return the text of an MCP result (`content[].text`); anything else as it is."""
    content = output.get("content") if isinstance(output, Mapping) else None
    if not isinstance(content, list):
        return output
    texts = [part.get("text") for part in content if isinstance(part, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _hook_call(event: Mapping[str, Any]) -> _Call:
    call, output = child(event, "input"), child(event, "output")
    is_mcp = isinstance(output.get("content"), list)
    return _Call(
        tool=call.get("tool"),
        args=call.get("args"),
        output=output if is_mcp else output.get("output"),
        metadata=child(output, "metadata"),
        call_id=call.get("callID"),
        at=event.get("timestamp"),
    )


def _result(call: _Call) -> Said | None:
    name = word(call.tool)
    if not name:
        return None
    problem = message_of(call.error) or _failure(call.output, call.metadata)
    payload: dict[str, Any] = {
        "tool_name": name,
        "status": "error" if problem else "ok",
        "tool_input": dict(call.args) if isinstance(call.args, Mapping) else {},
        "tool_output": output_text(call.output),
    }
    payload |= present(error=problem, call_id=word(call.call_id))
    return Said(
        event_type="tool_result",
        payload=payload,
        at=call.at,
        cwd=call.cwd,
        metadata=call.metadata,
    )


def _failure(output: object, metadata: Mapping[str, Any]) -> str:
    """Say why a tool that returned has failed all the same, or nothing when it has not.

    A command's exit status is in `metadata.exit`, null when it was stopped; it sets no error.
    """
    if isinstance(output, Mapping) and output.get("isError") is True:
        return word(output_text(output)) or "failed"
    if "exit" not in metadata or metadata["exit"] == 0:
        return ""
    code = metadata["exit"]
    return "did not finish" if code is None else f"exit code {sorted_json(code)[:20]}"
