"""Copilot's two dialects of a hook payload, read as one.

Hooks registered under camelCase names get camelCase payloads, those under Claude Code's names get
snake_case ones. Shapes recorded from Copilot CLI 1.0.102.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from codemem_core.api import InputError

Payload = dict[str, Any]

_HOOKS = {
    "SessionStart": "sessionStart",
    "UserPromptSubmit": "userPromptSubmitted",
    "PostToolUse": "postToolUse",
    "PostToolUseFailure": "postToolUseFailure",
    "Stop": "agentStop",
    "SessionEnd": "sessionEnd",
}
_FIELDS = {
    "hook_event_name": "hookName",
    "session_id": "sessionId",
    "transcript_path": "transcriptPath",
    "tool_name": "toolName",
    "tool_input": "toolArgs",
    "tool_result": "toolResult",
    "result_type": "resultType",
    "text_result_for_llm": "textResultForLlm",
}


def camel_case(payload: Mapping[str, Any]) -> Payload:
    """Return a payload under the camelCase names, whichever dialect it came in."""
    if "hook_event_name" not in payload:
        return dict(payload)
    renamed = {_FIELDS.get(name, name): value for name, value in payload.items()}
    if isinstance(result := renamed.get("toolResult"), Mapping):
        renamed["toolResult"] = {_FIELDS.get(name, name): value for name, value in result.items()}
    hook = renamed["hookName"]
    return renamed | {"hookName": _HOOKS.get(hook, hook) if isinstance(hook, str) else hook}


def moment(*given: object) -> datetime | None:
    """Return the first of some times that is one: epoch milliseconds, or ISO 8601."""
    for value in given:
        try:
            if isinstance(value, str):
                at = datetime.fromisoformat(value)
                return at if at.tzinfo else at.replace(tzinfo=UTC)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return datetime.fromtimestamp(value / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """Return a text without the white space around it; empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def hook_of(payload: Mapping[str, Any]) -> str:
    """Return the name of the hook; raises `InputError` when it is no text."""
    hook = payload.get("hookName", "")
    if not isinstance(hook, str):
        raise InputError("not a Copilot hook payload: hookName must be string")
    return hook
