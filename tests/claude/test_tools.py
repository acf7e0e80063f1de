"""What Claude Code's tools did, in the common words."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_claude.tools import typed
from tests.claude.test_events import normalize, recorded

NOTE = "/home/dev/demo/note.txt"


def failed(error: str, name: str = "Bash") -> dict[str, Any]:
    """Return the typed payload of a tool that failed."""
    given = {"command": "make"}
    return typed({"tool_name": name, "tool_input": given, "status": "error", "error": error})


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("PostToolUse.Bash", {"kind": "run", "command": "echo hi", "exit_code": 0}),
        ("PostToolUse.Read", {"kind": "read", "files_read": [NOTE]}),
        ("PostToolUse.Edit", {"kind": "edit", "files_changed": [NOTE]}),
        ("PostToolUse.Write.create", {"kind": "edit", "files_changed": [NOTE]}),
        ("PostToolUse.Agent", {"kind": "agent"}),
        ("PostToolUse.mcp", {"kind": "other"}),
        ("PostToolUseFailure.Bash", {"kind": "run", "exit_code": 3, "status": "error"}),
        ("PostToolUseFailure.WebFetch", {"kind": "fetch", "status": "error"}),
        ("PreToolUse.Bash", {"kind": "run", "command": "echo hi"}),
    ],
)
def test_recorded_tools_say_what_they_did(name: str, fields: dict[str, Any]) -> None:
    """Kind, files, command and exit code of what the client really sends."""
    event = normalize(recorded(name))

    assert event is not None
    assert {key: event.payload.get(key) for key in fields} == fields


def test_a_command_in_the_background_has_no_exit_code_yet() -> None:
    """It still runs when the hook fires."""
    event = normalize(recorded("PostToolUse.Bash.background"))

    assert event is not None
    assert "exit_code" not in event.payload


@pytest.mark.parametrize(
    "error",
    [
        "The user doesn't want to proceed with this tool use. The tool use was rejected.",
        "The user doesn't want to take this action right now. STOP what you are doing.",
        "Permission to use Bash with command make has been denied.",
        "Claude requested permissions to use Bash, but you haven't granted it yet.",
        "The agent proposed a plan that was rejected by the user.",
    ],
)
def test_a_refused_tool_is_told_from_one_that_failed(error: str) -> None:
    """The user, or a rule of the user, did not allow it."""
    assert failed(error)["refused"] is True
    assert "refused" not in failed(f"assert 'x' == \"{error}\"")


def test_what_the_user_said_when_refusing_is_an_answer() -> None:
    """It is the user's word, in an error text."""
    error = (
        "The user doesn't want to proceed with this tool use. The tool use was rejected. "
        "To tell you how to proceed, the user said:\nuse pnpm here"
    )

    assert failed(error)["answers"] == [{"question": "", "text": "use pnpm here"}]


@pytest.mark.parametrize(
    "error",
    [
        "[Request interrupted by user for tool use]",
        "Cancelled: parallel tool call Bash(make) errored",
        "Exit code 137\nCommand was aborted before completion",
    ],
)
def test_an_interrupted_tool_says_so(error: str) -> None:
    """It failed for no reason of its own."""
    assert failed(error)["interrupted"] is True


def test_the_hook_says_that_the_user_interrupted_a_tool() -> None:
    """`is_interrupt` of the failure hook."""
    event = normalize({**recorded("PostToolUseFailure.Bash"), "is_interrupt": True})

    assert event is not None
    assert event.payload["interrupted"] is True


def test_answers_to_questions_are_read_from_the_response_or_its_text() -> None:
    """Hooks bring an object, old transcripts the text."""
    given = {"questions": [{"question": "Which one?", "options": []}]}
    body = {"tool_name": "AskUserQuestion", "tool_input": given, "status": "ok"}
    told = 'User has answered your questions: "Which one?"="pnpm, please". Continue.'

    from_object = typed({**body, "tool_output": {"answers": {"Which one?": "pnpm"}}})
    from_text = typed({**body, "tool_output": told})

    assert from_object["answers"] == [{"question": "Which one?", "text": "pnpm"}]
    assert from_text["answers"] == [{"question": "Which one?", "text": "pnpm, please"}]


def test_an_image_leaves_no_bytes() -> None:
    """Screenshots are of no use as text."""
    image = {"type": "image", "source": {"type": "base64", "data": "A" * 1000}}
    body = {"tool_name": "mcp__browser__shot", "tool_input": {}, "status": "ok"}

    assert typed({**body, "tool_output": [image]})["tool_output"] == "[image]"


def test_a_write_over_a_file_and_several_edits_are_diffs_too() -> None:
    """Where the client sends no patch, the input says what changed."""
    write = {"file_path": "a.py", "content": "x = 1\n"}
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]
    several = {"file_path": "a.py", "edits": edits}
    body = {"status": "ok", "tool_output": ""}

    written = typed({**body, "tool_name": "Write", "tool_input": write})
    edited = typed({**body, "tool_name": "MultiEdit", "tool_input": several})

    assert written["tool_output"] == "--- a.py\n+++ a.py\n@@ -0,0 +1,1 @@\n+x = 1"
    assert edited["tool_output"] == "--- a.py\n+++ a.py\n@@\n-a\n+b\n@@\n-c\n+d"


def test_codemems_own_tools_and_to_do_lists_are_named_as_such() -> None:
    """Both are kept out of the evidence."""
    kinds = [
        typed({"tool_name": name})["kind"]
        for name in (
            "mcp__plugin_codemem_codemem__memory_get",
            "TodoWrite",
            "mcp__notes__memory_get",
        )
    ]

    assert kinds == ["memory", "plan", "other"]
