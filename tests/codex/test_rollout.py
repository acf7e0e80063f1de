"""What a session log of Codex tells."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from codemem_codex.events import Codex
from codemem_codex.rollout import payloads
from codemem_core.api import Settings, log_records

FIXTURES = Path(__file__).parents[1] / "fixtures/codex/0.171.0"
FAILED, INTERRUPTED = sorted(FIXTURES.glob("rollout-2026-12-01T*.jsonl"))


def told(path: Path) -> list[dict[str, Any]]:
    """Return the payloads of a log."""
    return list(payloads(log_records(path, max_bytes=0)))


def user(text: str, **passed: Any) -> dict[str, Any]:
    """Return a record of a message with role `user`."""
    content = [{"type": "input_text", "text": text}]
    message = {"type": "message", "role": "user", "content": content}
    extra = {"internal_chat_message_metadata_passthrough": passed} if passed else {}
    return {"type": "response_item", "payload": message | extra}


def test_a_turn_is_told_in_order() -> None:
    """The prompt, what was said and done, and the last words as the end."""
    hooks = [payload["hook_event_name"] for payload in told(FAILED)]

    assert hooks == [
        "SessionStart", "UserPromptSubmit", "AssistantText", "PostToolUse", "AssistantText",
        "PostToolUse", "PostToolUse", "PostToolUse", "Stop",
    ]  # fmt: skip


def test_a_tool_has_its_exit_code_from_the_log() -> None:
    """A command that failed, a patch, a patch that failed, and a command that did not."""
    tools = [each for each in told(FAILED) if each["hook_event_name"] == "PostToolUse"]

    assert [(each["tool_name"], each["exit_code"]) for each in tools] == [
        ("Bash", 3), ("apply_patch", None), ("apply_patch", None), ("Bash", 0),
    ]  # fmt: skip
    assert tools[0]["tool_input"] == {"command": "echo hi; exit 3"}


def test_only_what_no_hook_told_is_missed() -> None:
    """The patch that failed fired none; what was said between tools stands in the log alone."""
    stop = {"hook_event_name": "Stop", "transcript_path": str(FAILED), "session_id": "s"}
    seen = {"call_000004", "call_000008", "call_000014"}

    missed = list(Codex(Settings.load({})).missed(stop, seen=seen))

    assert Counter(each["hook_event_name"] for each in missed) == {
        "AssistantText": 2,
        "PostToolUse": 1,
    }
    assert {each["session_id"] for each in missed} == {"s"}


def test_what_came_after_a_hook_is_left_to_the_next(tmp_path: Path) -> None:
    """Its own hooks may be on their way."""
    del tmp_path
    stop = {"hook_event_name": "Stop", "transcript_path": str(FAILED), "ts": "2026-12-01T03:35:46Z"}

    missed = list(Codex(Settings.load({})).missed(stop, seen=()))

    assert [each.get("tool_use_id") for each in missed][-1] == "call_000011"


def test_an_interrupted_command_is_told_with_the_interruption() -> None:
    """Codex fires no hook for the command."""
    hooks = {each["hook_event_name"]: each for each in told(INTERRUPTED)}

    assert "aborted by user" in hooks["PostToolUse"]["tool_response"]
    assert "Interrupt" in hooks
    assert "Stop" not in hooks


@pytest.mark.parametrize(
    "text",
    [
        "<environment_context>\n<cwd>/w</cwd>\n</environment_context>",
        "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nAlways use tabs.\n</INSTRUCTIONS>",
        "<user_instructions>\nAlways use tabs.\n</user_instructions>",
        "<turn_aborted>\nThe user interrupted.\n</turn_aborted>",
    ],
)
def test_what_codex_says_in_the_users_name_is_not_learnt(text: str) -> None:
    """Whether or not the log says where it came from."""
    marked = user(text, content_item_kinds=["environments.environment_context"])

    assert list(payloads([user(text), marked])) == []


def test_injected_context_is_not_read_back() -> None:
    """It stands in the log as a message of the developer."""
    message = user("Memories", content_item_kinds=["hooks.additional_context"])
    message["payload"]["role"] = "developer"

    assert list(payloads([message])) == []


def test_a_subagents_log_holds_no_words_of_the_users() -> None:
    """Its prompts are the model's."""
    meta = {"type": "session_meta", "payload": {"id": "s", "source": {"subagent": "review"}}}

    assert list(payloads([meta, user("Review this.")])) == []


def test_odd_records_are_passed_over() -> None:
    """Codex changes; what cannot be understood costs nothing else."""
    odd: list[dict[str, Any]] = [
        {},
        {"type": 1, "payload": []},
        {"type": "response_item", "payload": {"type": None}},
        user("", content_item_kinds=3) | {"timestamp": 4},
        {
            "type": "turn_context",
            "payload": {"internal_chat_message_metadata_passthrough": "x", "turn_id": 3},
        },
        {"type": "event_msg", "payload": {"type": "item_completed", "item": 3}},
        {"type": "response_item", "payload": {"type": "function_call", "arguments": "{"}},
    ]

    assert [each["prompt"] for each in payloads([*odd, user("Go on.")])] == ["Go on."]


def test_older_logs_end_a_turn_with_the_next_prompt() -> None:
    """They do not say which words were the last."""
    said = {"type": "message", "role": "assistant", "content": [{"text": "Done."}]}
    records = [user("Fix it."), {"type": "response_item", "payload": said}, user("Thanks.")]

    hooks = [json.dumps(each) for each in payloads(records)]

    assert len(hooks) == 3
    assert '"last_assistant_message": "Done."' in hooks[1]
