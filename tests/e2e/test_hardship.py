"""Hooks of real agents when codemem cannot work: no session ends for it, and what can be kept is.

Claude Code and OpenCode have tests of their own. A home of which nothing can be written is no case
here: Codex, Copilot and Gemini CLI keep their own sessions there, and do not run without.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import clients
import codex_lab
import copilot_lab
import gemini_lab
import pytest
from agent_lab import AgentLab, wait_until
from chat_model import Model, turn
from hardship import deaf_server, run_mounted, sick_server

pytestmark = pytest.mark.clients

PROMPT = "The VAT of invoice INV-7 is wrong, please find out why"
ANSWER = "Fixed: it rounds once per VAT rate, because the export checks each rate by itself."
LAST = {"codex": "Stop", "copilot": "agentStop", "gemini": "AfterAgent"}
"""The hook that every session of one prompt fires after its answer."""

Lab = AgentLab | codex_lab.Lab


def codex(home: Path) -> codex_lab.Lab:
    """Return a home with Codex whose model runs a command and answers."""
    lab = codex_lab.Lab(home, clients.programs(clients.CODEX) / "codex", codex_lab.Model())
    lab.model.scripts[PROMPT] = [codex_lab.run("exit 3"), codex_lab.says(ANSWER)]
    return lab


def copilot(home: Path) -> AgentLab:
    """Return a home with Copilot and the same model."""
    return scripted(copilot_lab.Lab(home, clients.programs(clients.COPILOT), Model()))


def gemini(home: Path) -> AgentLab:
    """Return a home with Gemini CLI and the same model."""
    model = gemini_lab.GeminiModel()
    return scripted(gemini_lab.Lab(home, clients.programs(clients.GEMINI), model))


def scripted(lab: AgentLab) -> AgentLab:
    """Write the model's part."""
    lab.model.scripts[PROMPT] = [lab.command("Let me run it.", "exit 3"), turn(ANSWER)]
    return lab


AGENTS = {"codex": codex, "copilot": copilot, "gemini": gemini}


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> Iterator[tuple[str, Lab]]:
    """Give a home with an agent, set up; its path is short because sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="ha", ignore_cleanup_errors=True) as folder:
        lab = AGENTS[request.param](Path(folder).resolve())
        lab.codemem("setup", request.param, "--yes")
        yield request.param, lab
        lab.end()
        lab.model.close()


def trouble(what: str, socket: str) -> AbstractContextManager[None]:
    """Return a server that is sick in some way."""
    return deaf_server(socket) if what == "deaf" else sick_server(socket, status=200, after_s=5.0)


@pytest.mark.parametrize("what", ["deaf", "slow"])
def test_a_server_that_does_not_answer_loses_nothing(what: str, agent: tuple[str, Lab]) -> None:
    """Somebody else listens there, or it takes 5 s: the hooks store the events themselves."""
    name, lab = agent
    repo = lab.project("invoicing")

    with trouble(what, lab.socket):
        lab.session(repo, PROMPT)
    lab.codemem("serve", "start")

    wait_until(lambda: LAST[name] in {hook for _, hook, _ in lab.stored()})
    events = [event for _, _, event in lab.stored()]
    prompts = [e["payload"]["text"] for e in events if e["event_type"] == "prompt"]
    codes = [e["payload"].get("exit_code") for e in events if e["event_type"] == "tool_result"]
    assert prompts == [PROMPT]
    assert codes == [3]
    assert any(ANSWER in repr(event) for event in events)


@pytest.mark.parametrize("mount", ["size=64k", "ro"], ids=["full", "read-only"])
def test_a_disk_that_takes_nothing_disturbs_no_session(mount: str, agent: tuple[str, Lab]) -> None:
    """The session runs to its end, and no hook tells the model a word about it."""
    _, lab = agent
    folder = lab.home / ".codemem"
    folder.mkdir(exist_ok=True)

    printed = run_mounted(
        lab.one_shot(PROMPT),
        mount=mount, over=folder, cwd=lab.project("invoicing"), environ=lab.environ,
    )  # fmt: skip

    assert ANSWER in printed
    assert "Traceback" not in repr(lab.model.requests)
    assert not (folder / "mem.sqlite").exists()
