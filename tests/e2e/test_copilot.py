"""The real Copilot CLI with codemem set up, offline against a scripted model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest
from agent_lab import wait_until
from chat_model import Turn, turn
from copilot_lab import Lab

pytestmark = pytest.mark.clients

FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = (
    "Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
    f" {DECISION}, because the export checks each rate by itself."
)
HOOKS = [
    "sessionStart", "userPromptSubmitted", "postToolUse", "postToolUse", "postToolUseFailure",
    "postToolUse", "agentStop", "sessionEnd",
]  # fmt: skip
"""What a session of `fix` fires, in order."""
STOP_SERVER = "sh $HOME/stop-server"


def fix(repo: Path, also: str = "true") -> list[Turn]:
    """Return a model that finds a cause, with a command of the test's own on the way."""
    code = "def vat(lines):\n    return round(sum(lines), 2)\n"
    write = {"path": str(repo / "vat.py"), "file_text": code}
    fails = "echo 'AssertionError: 10.32 != 10.26'; exit 3"
    passes = f"{also}; echo '5 passed in 0.12s'"
    return [
        turn("Let me run it.", "bash", command=fails, description="Run the tests"),
        turn("It adds up rounded lines.", "create", **write),
        turn("Once more.", "create", **write),
        turn("Now it rounds once.", "bash", command=passes, description="Run them again"),
        turn(FIXED),
    ]


def script(lab: Lab, repo: Path, also: str = "true") -> Path:
    """Write the model's part in a repository."""
    look = turn("I look it up.", "codemem-memory_search", query="VAT rate")
    lab.model.scripts = {
        FIRST: fix(repo, also),
        SECOND: [look, turn("It is the rounding.")],
    }
    return repo


def hooks(lab: Lab) -> list[str]:
    """Return the hooks whose events are stored, in order; without what the log told."""
    return [hook for _, hook, _ in lab.stored() if hook != "assistantText"]


def sent(lab: Lab, words: str) -> str:
    """Return what the model was last sent of a session, but for the results of tools."""
    messages: Sequence[dict[str, object]] = lab.model.asked(words).get("messages", [])
    return json.dumps([m for m in messages if m["role"] != "tool"], ensure_ascii=False)


def collect(lab: Lab) -> None:
    """Start a server, which takes what hooks that had no time left put into the spool."""
    lab.codemem("serve", "start")
    wait_until(lambda: "sessionEnd" in hooks(lab))


def test_what_one_session_learnt_the_next_one_is_told(copilot: Lab) -> None:
    """Every hook once and in order, memories, and their text in the next model request."""
    repo = script(copilot, copilot.project("invoicing"))

    copilot.session(repo, FIRST)
    memories = copilot.wait_for_memories()
    first = copilot.stored()
    copilot.session(repo, SECOND)

    assert hooks(copilot)[: len(HOOKS)] == HOOKS
    tools = [event["payload"] for _, _, event in first if event["event_type"] == "tool_result"]
    assert [tool.get("exit_code") for tool in tools] == [3, None, None, 0]
    assert [tool["status"] for tool in tools] == ["error", "ok", "error", "ok"]
    assert tools[1]["files_changed"] == [str(repo / "vat.py")]
    assert "+    return round(sum(lines), 2)" in tools[1]["tool_output"]
    assert [event["payload"]["text"] for _, hook, event in first if hook == "agentStop"] == [FIXED]
    assert any(DECISION in memory for memory in memories)
    told = sent(copilot, SECOND)
    assert "## Last session in this project" in told
    assert told.count(f"Decided to {DECISION}") >= 1
    assert DECISION in json.dumps(copilot.model.asked("I look it up."))
    assert len({stream for stream, _, _ in copilot.stored()}) == 2


def test_what_no_hook_tells_is_read_in_the_log(copilot: Lab) -> None:
    """What was said on the way, and a tool that was not allowed; each once."""
    repo = script(copilot, copilot.project("invoicing"))

    copilot.run("copilot", "--allow-tool", "shell(echo)", "-p", FIRST, cwd=repo)

    stored = copilot.stored()
    said = [event["payload"]["text"] for _, hook, event in stored if hook == "assistantText"]
    assert said == [each.says for each in fix(repo)[:-1]]
    refused = [
        event["payload"]["tool_name"]
        for _, _, event in stored
        if event["event_type"] == "tool_result" and event["payload"].get("refused")
    ]
    assert "create" in refused
    assert len({event["event_id"] for _, _, event in stored}) == len(stored)


def test_without_a_server_nothing_is_lost(copilot: Lab) -> None:
    """The hooks write themselves; the next server makes the memories."""
    copilot.environ["CODEMEM_VIEWER"] = "0"
    repo = script(copilot, copilot.project("invoicing"))

    copilot.session(repo, FIRST)
    assert copilot.processes() == {}
    copilot.environ["CODEMEM_VIEWER"] = "1"
    collect(copilot)

    assert sorted(hooks(copilot)) == sorted(HOOKS)
    assert any(DECISION in memory for memory in copilot.wait_for_memories())


def test_a_server_killed_on_the_way_loses_nothing(copilot: Lab) -> None:
    """Later events go into the database; each is there once."""
    copilot.codemem("serve", "start")
    # Copilot does not allow its shell to kill what a substitution names.
    kill = "kill -9 $(codemem serve status | sed 's/.*pid \\([0-9]*\\).*/\\1/')\n"
    (copilot.home / "stop-server").write_text(kill)
    repo = script(copilot, copilot.project("invoicing"), STOP_SERVER)

    copilot.session(repo, FIRST)
    assert copilot.processes() == {}
    collect(copilot)

    assert sorted(hooks(copilot)) == sorted(HOOKS)


def test_one_server_stays_and_nothing_else(copilot: Lab) -> None:
    """The session starts it; `serve stop` ends it."""
    copilot.session(script(copilot, copilot.project("invoicing")), FIRST)

    wait_until(lambda: len(copilot.processes()) == 1)
    (command,) = copilot.processes().values()
    copilot.codemem("serve", "stop")

    assert " serve " in command
    assert copilot.processes() == {}


def test_parallel_sessions_stay_apart(copilot: Lab) -> None:
    """Each has its own stream, and another project hears nothing of this one's memory."""
    repos = [copilot.project(name) for name in ("invoicing", "büro mit platz")]
    script(copilot, repos[0])

    runs = [Thread(target=copilot.session, args=(repo, FIRST)) for repo in repos]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    collect(copilot)

    by_stream: dict[str, list[str]] = {}
    for stream, hook, _ in copilot.stored():
        by_stream.setdefault(stream, []).append(hook)
    assert len(by_stream) == 2
    assert all(found.count("sessionEnd") == 1 for found in by_stream.values())
    copilot.wait_for_memories()
    copilot.model.scripts = {SECOND: [turn("No idea.")]}
    copilot.session(copilot.project("bookings"), SECOND)
    assert DECISION not in sent(copilot, SECOND)


def test_a_folder_without_a_repository_is_a_project(copilot: Lab) -> None:
    """With a blank and an umlaut in its name."""
    folder = copilot.home / "meine prüfung"
    folder.mkdir()
    script(copilot, folder)

    copilot.session(folder, FIRST)
    copilot.wait_for_memories()
    copilot.session(folder, SECOND)

    assert f"Decided to {DECISION}" in sent(copilot, SECOND)


def test_a_resumed_session_goes_on(copilot: Lab) -> None:
    """It is one stream, and is not told again what it knows."""
    repo = script(copilot, copilot.project("invoicing"))
    copilot.session(repo, FIRST)
    copilot.wait_for_memories()

    copilot.session(repo, SECOND, "--continue")

    assert len({stream for stream, _, _ in copilot.stored()}) == 1
    assert hooks(copilot).count("sessionStart") == 2
    assert "## Last session in this project" not in sent(copilot, SECOND)


def test_an_interrupted_session_ends(copilot: Lab) -> None:
    """The tool that ran has no result; the session has its end."""
    repo = copilot.project("invoicing")
    slow = turn("This takes a while.", "bash", command="touch begun; sleep 60", description="Wait")
    copilot.model.scripts = {FIRST: [slow]}
    command = ["copilot", "--allow-all", "-p", FIRST]
    session = subprocess.Popen(
        command, cwd=repo, env=copilot.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    wait_until((repo / "begun").exists)
    os.kill(session.pid, signal.SIGINT)
    session.communicate(timeout=30)
    collect(copilot)

    assert hooks(copilot)[-1] == "sessionEnd"
    assert hooks(copilot).count("sessionEnd") == 1


def test_sessions_from_before_are_imported(copilot: Lab) -> None:
    """Once, and none that hooks recorded."""
    repo = script(copilot, copilot.project("invoicing"))
    copilot.codemem("setup", "copilot", "--uninstall", "--yes")
    copilot.session(repo, FIRST)
    for log in (copilot.home / ".copilot/session-state").glob("*/events.jsonl"):
        os.utime(log, (log.stat().st_mtime - 3600,) * 2)

    for _ in range(2):
        copilot.codemem("import-history", "copilot")

    types = [event["event_type"] for _, _, event in copilot.stored()]
    assert types.count("prompt") == 1
    assert types.count("tool_result") == 4
    assert types[-1] == "session_end"
