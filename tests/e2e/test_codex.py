"""codemem inside the real Codex CLI, offline: hooks, setup, MCP and the session log."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from typing import Any

import pytest
from codex_lab import Lab, mcp, patch, run, says, wait_until

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("codex")]

RULE = "Always salt the zephyr cache key!"
FIX = f"The zephyr cache gives stale artifacts. {RULE} Fix it."
AGAIN = "What do we know about the zephyr cache key?"
LEARNS = [
    run("echo collision >&2; exit 3", says="First I look at the collision."),
    patch("*** Add File: zephyr.py", "+KEY = 'salted'", says="The key is not salted."),
    patch("*** Update File: missing.py", "@@", "-x", "+y"),
    run("cat zephyr.py"),
    says("The zephyr cache key is salted now; the collision is gone."),
]


@pytest.fixture
def lab(codex: Lab) -> Lab:
    """Give a home in which codemem is set up."""
    codex.model.scripts[FIX] = LEARNS
    codex.codemem("setup", "codex", "--yes")
    return codex


def tools(lab: Lab) -> list[dict[str, Any]]:
    """Return the stored tool calls, in order."""
    return [event["payload"] for _, hook, event in lab.stored() if hook == "PostToolUse"]


def test_what_one_session_learnt_the_next_one_is_told(lab: Lab) -> None:
    """Every hook once and in order, edits, failures and exit codes, and the memory's own words."""
    project = lab.project("app")
    lab.session(project, FIX)
    lab.wait_for_memories()

    assert [hook for _, hook, _ in lab.stored() if hook != "AssistantText"] == [
        "SessionStart", "UserPromptSubmit", *["PostToolUse"] * 4, "Stop", "SessionEnd",
    ]  # fmt: skip
    assert Counter(
        (each["kind"], each["status"], each.get("exit_code")) for each in tools(lab)
    ) == {
        ("run", "error", 3): 1,
        ("edit", "ok", 0): 1,
        ("edit", "error", None): 1,
        ("run", "ok", 0): 1,
    }
    changed = [each["files_changed"] for each in tools(lab) if each["kind"] == "edit"]
    assert [str(project / "zephyr.py")] in changed
    between = [e["payload"]["text"] for _, hook, e in lab.stored() if hook == "AssistantText"]
    assert between == ["First I look at the collision.", "The key is not salted."]

    lab.session(project, AGAIN)
    assert RULE in lab.model.asked(AGAIN).partition(AGAIN)[2]


def test_the_model_can_ask_the_memory(lab: Lab) -> None:
    """Over MCP; what comes back is not learnt as the session's own."""
    project = lab.project("app")
    lab.session(project, FIX)
    lab.wait_for_memories()
    lab.model.scripts[AGAIN] = [mcp("memory_search", query="zephyr"), says("Yes.")]

    # Codex hides the tools of MCP servers from models it knows until they search for them.
    reported = lab.session(project, "--model", "other", AGAIN)
    lab.wait_for_memories()

    answers = [each["item"] for each in reported if each.get("type") == "item.completed"]
    found = [each["result"] for each in answers if each.get("type") == "mcp_tool_call"]
    assert "zephyr" in json.dumps(found)
    assert [each["kind"] for each in tools(lab)][-1] == "memory"


def test_setup_leaves_no_trace_when_it_is_taken_out(codex: Lab) -> None:
    """Hooks, trust and MCP server; the user's configuration is what it was, byte for byte."""
    before = codex.config.read_bytes()

    asked = codex.codemem("setup", "codex", "--yes")
    checked = codex.codemem("setup", "codex", "--check")
    trusted = codex.config.read_text()
    again = codex.codemem("setup", "codex", "--yes")
    codex.codemem("setup", "codex", "--uninstall")

    assert "you trust these hooks" in asked
    assert "the hooks are installed and trusted" in checked
    assert "nothing to change" in again
    assert trusted.count("trusted_hash") == 7
    assert codex.config.read_bytes() == before
    assert not (codex.home / ".codex/hooks.json").exists()
    assert codex.processes() == {}


def test_hooks_that_nobody_trusts_are_reported(lab: Lab) -> None:
    """Codex skips them without a word."""
    text = lab.config.read_text()
    lab.config.write_text(text.partition("[hooks.state]")[0])

    assert "Codex skips the hooks" in lab.codemem("setup", "codex", "--check")


def test_a_session_goes_on_where_it_was_resumed(lab: Lab) -> None:
    """The same stream; nothing of its first part is stored twice."""
    project = lab.project("app")
    session = lab.session(project, FIX)[0]["thread_id"]
    lab.wait_for_memories()
    first = [event["event_id"] for _, _, event in lab.stored()]

    lab.session(project, "resume", session, "Go on.")
    lab.wait_for_memories()

    assert {stream for stream, _, _ in lab.stored()} == {session}
    ids = [event["event_id"] for _, _, event in lab.stored()]
    assert ids[: len(first)] == first
    assert len(ids) == len(set(ids))
    assert [e["payload"]["source"] for _, hook, e in lab.stored() if hook == "SessionStart"] == [
        "startup",
        "resume",
    ]


def test_an_interrupted_command_is_stored_as_that(lab: Lab) -> None:
    """No hook tells of it; the session log does."""
    project = lab.project("app")
    lab.model.scripts["Wait."] = [run("sleep 60", says="I wait."), says("Never said.")]
    running = lab.start(project, "Wait.")
    wait_until(lambda: any("sleep 60" in command for command in lab.processes().values()))

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    lab.wait_for_memories()

    assert [each.get("interrupted") for each in tools(lab)] == [True]
    hooks = [hook for _, hook, _ in lab.stored()]
    assert {"Interrupt", "SessionEnd"} <= set(hooks)
    assert "Stop" not in hooks


def test_sessions_beside_one_another_keep_apart(lab: Lab) -> None:
    """Two at once, in two projects; neither is told of the other's."""
    projects = [lab.project("one"), lab.project("two")]
    running = [lab.start(project, FIX) for project in projects]
    assert [each.wait(120) for each in running] == [0, 0]
    for each in running:
        each.communicate()
    lab.wait_for_memories()

    by_stream = Counter(stream for stream, _, _ in lab.stored())
    assert len(set(by_stream.values())) == 1
    assert len(by_stream) == 2


@pytest.mark.parametrize("git", [True, False], ids=["git", "no git"])
def test_a_folders_name_may_be_anything(lab: Lab, git: bool) -> None:
    """A blank, a letter beyond ASCII; with and without a repository."""
    project = lab.project("zähler kasten", git=git)
    lab.session(project, FIX)
    lab.wait_for_memories()
    lab.session(project, AGAIN)

    assert RULE in lab.model.asked(AGAIN).partition(AGAIN)[2]
    assert {event["project"] for _, _, event in lab.stored()} == {"zähler kasten"}


def test_without_a_server_nothing_is_lost(lab: Lab) -> None:
    """Each hook stores its event itself, and the next prompt is answered all the same."""
    lab.write(".config/codemem/config.json", '{"viewer_auto": false}')
    project = lab.project("app")

    lab.session(project, FIX)

    assert Counter(hook for _, hook, _ in lab.stored())["PostToolUse"] == 4
    assert lab.processes() == {}


def test_a_server_that_was_killed_costs_no_event(lab: Lab) -> None:
    """Its socket is still there; the hooks do not wait for it."""
    project = lab.project("app")
    lab.session(project, "Hello.")
    lab.wait_for_memories()
    for pid in lab.processes():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lab.processes())
    before = len(lab.stored())

    lab.session(project, FIX)
    lab.wait_for_memories()

    assert len(lab.stored()) == before + 10


def test_sessions_from_before_are_imported(codex: Lab) -> None:
    """What the log holds makes the same memories as hooks would; a second import adds nothing."""
    project = codex.project("app")
    codex.model.scripts[FIX] = LEARNS
    session = codex.session(project, FIX)[0]["thread_id"]
    os.utime(codex.rollout(session), (1_795_000_000, 1_795_000_000))

    codex.codemem("import-history", "codex")
    first = [hook for _, hook, _ in codex.stored()]
    codex.codemem("import-history", "codex")

    assert Counter(first) == {
        "SessionStart": 1, "UserPromptSubmit": 1, "AssistantText": 2, "PostToolUse": 4,
        "Stop": 1, "SessionEnd": 1,
    }  # fmt: skip
    assert [hook for _, hook, _ in codex.stored()] == first


def test_a_home_that_cannot_be_written_disturbs_no_session(lab: Lab) -> None:
    """Codemem says nothing and stores nothing; Codex works."""
    shutil.rmtree(lab.home / ".codemem", ignore_errors=True)
    (lab.home / ".codemem").write_text("a file where the folder should be")
    project = lab.project("app")

    reported = lab.session(project, FIX)

    assert reported[-1]["type"] == "turn.completed"
