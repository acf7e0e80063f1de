"""What OpenCode's tools did, in the common words."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_core.records.protocols import EventContext
from codemem_opencode.events import OpenCode
from codemem_opencode.typed import typed

PATCH = "*** Begin Patch\n*** Add File: b.py\n+b\n*** Update File: a.py\n@@\n-a\n+c\n*** End Patch"


def result(tool: str, args: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the payload of a finished call, as the plugin posts it."""
    payload = {"type": "tool.execute.after", "tool": tool, "args": args, **fields}
    event = OpenCode().normalize(payload, context=EventContext(stream_id="ses_1"))
    assert event is not None
    return dict(event.payload)


@pytest.mark.parametrize(
    ("tool", "args", "fields"),
    [
        ("bash", {"command": "ls"}, {"kind": "run", "command": "ls", "exit_code": 0}),
        ("read", {"filePath": "/w/a.py"}, {"kind": "read", "files_read": ["/w/a.py"]}),
        ("edit", {"filePath": "/w/a.py"}, {"kind": "edit", "files_changed": ["/w/a.py"]}),
        ("apply_patch", {"patchText": PATCH}, {"kind": "edit", "files_changed": ["b.py", "a.py"]}),
        ("webfetch", {"url": "https://x.example"}, {"kind": "fetch"}),
        ("codemem_memory_search", {"query": "x"}, {"kind": "memory"}),
        ("github_get_issue", {}, {"kind": "other"}),
    ],
)
def test_tools_say_what_they_did(tool: str, args: dict[str, Any], fields: dict[str, Any]) -> None:
    """Kind, files, command and exit code."""
    payload = result(tool, args, result="ok")

    assert {key: payload.get(key) for key in fields} == fields


def test_a_patch_is_a_unified_diff() -> None:
    """So is every edit, whichever tool made it."""
    assert result("apply_patch", {"patchText": PATCH})["tool_output"].splitlines() == [
        *("--- /dev/null", "+++ b.py", "@@", "+b"),
        *("--- a.py", "+++ a.py", "@@", "-a", "+c"),
    ]


def test_the_exit_code_comes_from_the_metadata() -> None:
    """A failing command sets no error."""
    payload = result("bash", {"command": "make"}, result="boom", metadata={"exit": 3})

    assert (payload["exit_code"], payload["status"]) == (3, "error")


@pytest.mark.parametrize(
    ("error", "field"),
    [
        ("The user rejected permission to use this specific tool call.", "refused"),
        ("The user has specified a rule which prevents you from using this tool", "refused"),
        ("The user dismissed this question", "refused"),
        ("Tool execution aborted", "interrupted"),
    ],
)
def test_refused_and_interrupted_tools_say_so(error: str, field: str) -> None:
    """Neither failed for a reason of its own."""
    assert result("bash", {"command": "make"}, error=error)[field] is True


def test_an_aborted_command_is_interrupted() -> None:
    """OpenCode gives it no exit code."""
    payload = result("bash", {"command": "x"}, result="(no output)", metadata={"exit": None})

    assert payload["interrupted"] is True


def test_feedback_and_answers_are_the_users_word() -> None:
    """Given with a refusal, or when the agent asked."""
    error = (
        "The user rejected permission to use this specific tool call with the following "
        "feedback: use pnpm"
    )
    asked = {"questions": [{"question": "Which one?"}]}
    told = 'User has answered your questions: "Which one?"="npm". You can now continue.'

    assert result("bash", {}, error=error)["answers"] == [{"question": "", "text": "use pnpm"}]
    assert result("question", asked, result=told)["answers"] == [
        {"question": "Which one?", "text": "npm"}
    ]


def test_an_aborted_turn_is_interrupted() -> None:
    """The session goes on."""
    error = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
    payload = {"type": "session.error", "properties": {"sessionID": "ses_1", "error": error}}

    event = OpenCode().normalize(payload, context=EventContext())

    assert event is not None
    assert event.payload["interrupted"] is True


def test_the_fields_are_no_part_of_the_id() -> None:
    """An event that an earlier version stored is recognised."""
    payload = {"tool_name": "bash", "tool_input": {"command": "ls"}, "status": "ok"}

    assert {key: typed(payload)[key] for key in payload} == payload
