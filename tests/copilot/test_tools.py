"""What Copilot's tools did, in the common words."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_copilot.tools import call_key, tool_result


def told(name: str, given: object, result: str = "", **more: Any) -> dict[str, Any]:
    """Return the typed result of a tool."""
    fields = {
        "hookName": "postToolUse",
        "toolName": name,
        "toolArgs": given,
        "toolResult": {"resultType": "success", "textResultForLlm": result},
        **more,
    }
    found = tool_result(fields)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bash", "run"), ("view", "read"), ("create", "edit"), ("edit", "edit"), ("grep", "search"),
        ("web_fetch", "fetch"), ("task", "agent"), ("ask_user", "ask"), ("report_intent", "plan"),
        ("codemem-memory_search", "memory"), ("github-mcp-server-get_issue", "other"),
    ],
)  # fmt: skip
def test_each_tool_has_a_kind(name: str, kind: str) -> None:
    """Whatever Copilot calls it."""
    assert told(name, {})["kind"] == kind


@pytest.mark.parametrize(
    ("result", "code", "output"),
    [
        ("ok\n<shellId: 0 completed with exit code 0>", 0, "ok"),
        ("a\nb\n<shellId: x-1 completed with exit code 3>", 3, "a\nb"),
        ("<completed with exit code 127>", 127, ""),
        ("still running", None, "still running"),
        ("<shellId: 1 completed with exit code 3> is what it says", None, None),
    ],
)
def test_the_exit_code_is_the_outputs_last_line(
    result: str, code: int | None, output: str | None
) -> None:
    """And is no part of what the command printed."""
    found = told("bash", {"command": "make"}, result)

    assert found.get("exit_code") == code
    assert found["tool_output"] == (result if output is None else output)
    assert found["status"] == ("error" if code else "ok")


def test_an_edit_is_a_diff() -> None:
    """Made from what the tool was given."""
    found = told("edit", {"path": "/w/a.py", "old_str": "x = 1", "new_str": "x = 2"}, "updated")

    assert found["files_changed"] == ["/w/a.py"]
    assert found["tool_output"] == "--- /w/a.py\n+++ /w/a.py\n@@\n-x = 1\n+x = 2"


def test_a_patch_names_its_files() -> None:
    """It may come as text instead of an object."""
    patch = "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch"

    for given in (patch, {"patch": patch}, {"input": patch}):
        assert told("apply_patch", given)["files_changed"] == ["a.py"]


def test_arguments_may_be_json_text() -> None:
    """Older versions of Copilot sent them like that."""
    assert told("bash", '{"command": "ls"}')["command"] == "ls"
    assert call_key('{"command": "ls"}') == call_key({"command": "ls"})


@pytest.mark.parametrize(
    "fields",
    [
        {"toolResult": {"resultType": "denied", "textResultForLlm": "not allowed"}},
        {"hookName": "postToolUseFailure", "error": "The user rejected this tool call."},
        {
            "hookName": "postToolUseFailure",
            "error": {"message": "no", "code": "denied"},
            "toolResult": {"resultType": "denied"},
        },
    ],
)
def test_a_refusal_is_no_failure_of_the_tool(fields: dict[str, Any]) -> None:
    """The user said no."""
    found = told("bash", {"command": "rm x"}, **fields)

    assert found["refused"] is True
    assert found["status"] == "error"


def test_a_secret_does_not_change_a_calls_key() -> None:
    """Hooks are stored redacted, the log is not."""
    secret = "ghp_" + "a1B2" * 9
    public = "curl -H 'Authorization: [REDACTED:github:0a1b]'"

    assert call_key({"command": f"echo {secret}"}) == call_key({"command": f"echo {secret}"})
    assert call_key({"command": public}) == call_key({"command": public.replace("0a1b", "ffff")})
