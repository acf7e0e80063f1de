"""Real agents whose hooks run codemem, each set up in a home of its own and offline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import clients
import copilot_lab
import gemini_lab
import pytest
from agent_lab import AgentLab, wait_until
from chat_model import Model, Turn, turn

pytestmark = pytest.mark.clients

FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = (
    "Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
    f" {DECISION}, because the export checks each rate by itself."
)
AGENTS = {
    "copilot": (copilot_lab.Lab, clients.COPILOT, Model),
    "gemini": (gemini_lab.Lab, clients.GEMINI, gemini_lab.GeminiModel),
}


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> Iterator[AgentLab]:
    """Give a home with an agent, set up; its path is short because sockets lie in it."""
    lab_type, client, model_type = AGENTS[request.param]
    model = model_type()
    with tempfile.TemporaryDirectory(prefix="ag", ignore_cleanup_errors=True) as folder:
        lab = lab_type(Path(folder).resolve(), clients.programs(client), model)
        lab.install()
        yield lab
        lab.end()
        model.close()


def fix(lab: AgentLab, repo: Path, also: str = "true") -> list[Turn]:
    """Return a model that finds a cause, with a command of the test's own on the way."""
    code = "def vat(lines):\n    return round(sum(lines), 2)\n"
    return [
        lab.command("Let me run it.", "echo 'AssertionError: 10.32 != 10.26'; exit 3"),
        lab.write("It adds up rounded lines.", repo / "vat.py", code),
        lab.command("Now it rounds once.", f"{also}; echo '5 passed in 0.12s'"),
        turn(FIXED),
    ]


def script(lab: AgentLab, repo: Path, also: str = "true") -> Path:
    """Write the model's part in a repository."""
    look = turn("I look it up.", lab.search_tool, query="VAT rate")
    lab.model.scripts = {
        FIRST: fix(lab, repo, also),
        SECOND: [look, turn("It is the rounding.")],
    }
    return repo


def hooks(lab: AgentLab) -> list[str]:
    """Return the hooks whose events are stored, as they happened; not what the agent's log told.

    A hook that had no server yet may be stored after the next one, from the spool.
    """
    told = sorted(lab.stored(), key=lambda stored: stored[2]["ts"])
    return [hook for _, hook, _ in told if hook != lab.between]


def collect(lab: AgentLab) -> None:
    """Start a server, which takes what hooks that had no time left put into the spool."""
    lab.codemem("serve", "start")
    wait_until(lambda: lab.hooks[-1] in hooks(lab))


def test_what_one_session_learnt_the_next_one_is_told(agent: AgentLab) -> None:
    """Every hook once and in order, memories, and their text in the next model request."""
    repo = script(agent, agent.project("invoicing"))

    agent.session(repo, FIRST)
    memories = agent.wait_for_memories()
    first = agent.stored()
    agent.session(repo, SECOND)

    assert tuple(hooks(agent)[: len(agent.hooks)]) == agent.hooks
    tools = [event["payload"] for _, _, event in first if event["event_type"] == "tool_result"]
    assert [tool.get("exit_code") for tool in tools] == [3, None, 0]
    assert [tool["status"] for tool in tools] == ["error", "ok", "ok"]
    assert tools[1]["files_changed"] == [str(repo / "vat.py")]
    assert "+    return round(sum(lines), 2)" in tools[1]["tool_output"]
    said = [event["payload"] for _, _, event in first if event["event_type"] == "assistant"]
    assert [each["text"] for each in said if each["final"]] == [FIXED]
    between = [each["text"] for each in said if not each["final"]]
    assert between == [each.says for each in fix(agent, repo)[:-1]]
    assert any(DECISION in memory for memory in memories)
    told = agent.sent(SECOND)
    assert "## Last session in this project" in told
    assert f"Decided to {DECISION}, because the export checks each rate by itself" in told
    # The tool's answer went back to the model.
    assert told != json.dumps(agent.model.asked(SECOND))
    assert json.dumps(agent.model.asked(SECOND)).count(DECISION) > told.count(DECISION)
    assert len({stream for stream, _, _ in agent.stored()}) == 2


def test_without_a_server_nothing_is_lost(agent: AgentLab) -> None:
    """The hooks write themselves; the next server makes the memories."""
    agent.environ["CODEMEM_VIEWER"] = "0"
    repo = script(agent, agent.project("invoicing"))

    agent.session(repo, FIRST)
    assert agent.processes() == {}
    agent.environ["CODEMEM_VIEWER"] = "1"
    collect(agent)

    assert sorted(hooks(agent)) == sorted(agent.hooks)
    assert any(DECISION in memory for memory in agent.wait_for_memories())


def test_a_server_killed_on_the_way_loses_nothing(agent: AgentLab) -> None:
    """Later events go into the database; each is there once."""
    agent.codemem("serve", "start")
    # Copilot does not allow its shell to kill what a substitution names.
    kill = "kill -9 $(codemem serve status | sed 's/.*pid \\([0-9]*\\).*/\\1/')\n"
    (agent.home / "stop-server").write_text(kill)
    repo = script(agent, agent.project("invoicing"), "sh $HOME/stop-server")

    agent.session(repo, FIRST)
    assert agent.processes() == {}
    collect(agent)

    assert sorted(hooks(agent)) == sorted(agent.hooks)


def test_one_server_stays_and_nothing_else(agent: AgentLab) -> None:
    """The session starts it; `serve stop` ends it."""
    agent.session(script(agent, agent.project("invoicing")), FIRST)

    wait_until(lambda: len(agent.processes()) == 1)
    (command,) = agent.processes().values()
    agent.codemem("serve", "stop")

    assert " serve " in command
    wait_until(lambda: agent.processes() == {})


def test_parallel_sessions_stay_apart(agent: AgentLab) -> None:
    """Each has its own stream, and another project hears nothing of this one's memory."""
    repos = [agent.project(name) for name in ("invoicing", "büro mit platz")]
    script(agent, repos[0])

    runs = [Thread(target=agent.session, args=(repo, FIRST)) for repo in repos]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    collect(agent)

    by_stream: dict[str, list[str]] = {}
    for stream, hook, _ in agent.stored():
        by_stream.setdefault(stream, []).append(hook)
    assert [found.count(agent.hooks[-1]) for found in by_stream.values()] == [1, 1]
    agent.wait_for_memories()
    agent.model.scripts = {SECOND: [turn("No idea.")]}
    agent.session(agent.project("bookings"), SECOND)
    assert DECISION not in agent.sent(SECOND)


def test_a_folder_without_a_repository_is_a_project(agent: AgentLab) -> None:
    """With a blank and an umlaut in its name."""
    folder = agent.home / "meine prüfung"
    folder.mkdir()
    script(agent, folder)

    agent.session(folder, FIRST)
    agent.wait_for_memories()
    agent.session(folder, SECOND)

    assert f"Decided to {DECISION}" in agent.sent(SECOND)


def test_a_resumed_session_goes_on(agent: AgentLab) -> None:
    """It is one stream, and is not told again where it stopped."""
    repo = script(agent, agent.project("invoicing"))
    agent.session(repo, FIRST)
    agent.wait_for_memories()

    agent.session(repo, SECOND, *agent.resume)

    assert len({stream for stream, _, _ in agent.stored()}) == 1
    assert hooks(agent).count(agent.hooks[0]) == 2
    assert "## Last session in this project" not in agent.sent(SECOND)


def test_an_interrupted_session_ends(agent: AgentLab) -> None:
    """The tool that ran has no result; the session has its end."""
    repo = agent.project("invoicing")
    agent.model.scripts = {FIRST: [agent.command("This takes a while.", "touch begun; sleep 60")]}
    session = subprocess.Popen(
        agent.one_shot(FIRST),
        cwd=repo,
        env=agent.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    wait_until((repo / "begun").exists)
    os.kill(session.pid, signal.SIGINT)
    session.communicate(timeout=30)
    collect(agent)

    assert hooks(agent)[-1] == agent.hooks[-1]
    assert hooks(agent).count(agent.hooks[-1]) == 1


def test_sessions_from_before_are_imported(agent: AgentLab) -> None:
    """Once, and none that hooks recorded."""
    repo = script(agent, agent.project("invoicing"))
    agent.codemem("setup", agent.name, "--uninstall", "--yes")
    agent.session(repo, FIRST)
    for log in agent.home.rglob("*.jsonl"):
        os.utime(log, (log.stat().st_mtime - 3600,) * 2)

    for _ in range(2):
        agent.codemem("import", "history", agent.name)

    types = [event["event_type"] for _, _, event in agent.stored()]
    assert types.count("prompt") == 1
    assert types.count("tool_result") == 3
