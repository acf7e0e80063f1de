"""What Gemini CLI's tools did, in the common words."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_gemini.tools import tool_result


def told(name: str, given: object, content: str = "", **response: Any) -> dict[str, Any]:
    """Return the typed result of a tool."""
    answer = {"llmContent": content, **response}
    found = tool_result({"tool_name": name, "tool_input": given, "tool_response": answer})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("run_shell_command", "run"), ("read_file", "read"), ("write_file", "edit"),
        ("replace", "edit"), ("grep_search", "search"), ("web_fetch", "fetch"),
        ("write_todos", "plan"), ("ask_user", "ask"), ("codebase_investigator", "agent"),
        ("mcp_codemem_memory_search", "memory"), ("codemem__memory_search", "memory"),
        ("memory_search", "memory"), ("mcp_github_get_issue", "other"),
    ],
)  # fmt: skip
def test_each_tool_has_a_kind(name: str, kind: str) -> None:
    """Whatever Gemini CLI calls it."""
    assert told(name, {})["kind"] == kind


@pytest.mark.parametrize(
    ("lines", "code", "output"),
    [
        ("Output: done\nProcess Group PGID: 17", 0, "done"),
        ("Output: a\nb\nExit Code: 3\nProcess Group PGID: 17", 3, "a\nb"),
        ("Output: (empty)\nError: not found\nExit Code: 127\nProcess Group PGID: 1", 127, ""),
        ("Output: Exit Code: 9\nlast\nProcess Group PGID: 17", 0, "Exit Code: 9\nlast"),
        ("Output: x\nExit Code: 1", 1, "x"),
    ],
)
def test_the_exit_code_is_a_line_after_the_output(lines: str, code: int, output: str) -> None:
    """It is missing when the command succeeded."""
    content = f"<untrusted_context>\n{lines}\n</untrusted_context>"
    found = told("run_shell_command", {"command": "make"}, content)

    assert (found["exit_code"], found["tool_output"]) == (code, output)
    assert found["status"] == ("error" if code else "ok")


def test_an_edit_is_the_clients_own_diff() -> None:
    """Its heading is replaced by the file's path."""
    display = {"fileDiff": "Index: a.py\n===\n--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"}
    found = told("replace", {"file_path": "/w/a.py"}, "ok", returnDisplay=display)

    assert found["files_changed"] == ["/w/a.py"]
    assert found["tool_output"] == "--- /w/a.py\n+++ /w/a.py\n@@ -1 +1 @@\n-x\n+y"


def test_an_edit_without_a_diff_is_made_one() -> None:
    """From what the tool was given."""
    given = {"file_path": "/w/a.py", "old_string": "x", "new_string": "y"}

    assert told("replace", given)["tool_output"] == "--- /w/a.py\n+++ /w/a.py\n@@\n-x\n+y"


def test_a_refusal_is_no_failure_of_the_tool() -> None:
    """The user said no."""
    said = "[Operation Cancelled] Reason: User denied execution."
    found = told("run_shell_command", {"command": "rm x"}, error={"message": said})

    assert found["refused"] is True
    assert found["status"] == "error"


def test_a_stopped_command_was_interrupted() -> None:
    """The user pressed Escape."""
    said = "Command was cancelled by user before it could complete."

    assert told("run_shell_command", {"command": "sleep 9"}, said)["interrupted"] is True
