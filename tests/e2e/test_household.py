"""Five real agents of one user, in one home: what is said in one is known in the others."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import claude_lab
import clients
import codex_lab
import copilot_lab
import gemini_lab
import opencode_lab
import pytest
from agent_lab import wait_until
from chat_model import Model

pytestmark = pytest.mark.clients

AGENTS = ("claude", "codex", "copilot", "gemini", "opencode")
RULE = "Always indent with tabs in this project."
OTHER = "From now on always indent with four spaces in this project, not with tabs."
ASKED = "How do I indent a new module here? ({})"


class Household:
    """A home with five agents, each set up as its users do; one database."""

    def __init__(self, home: Path) -> None:
        self.home = home
        claude = claude_lab.Lab(
            home, clients.programs(clients.CLAUDE_CODE) / "claude", claude_lab.Model()
        )
        codex = codex_lab.Lab(home, clients.programs(clients.CODEX) / "codex", codex_lab.Model())
        self.copilot = copilot_lab.Lab(home, clients.programs(clients.COPILOT), Model())
        gemini = gemini_lab.Lab(home, clients.programs(clients.GEMINI), gemini_lab.GeminiModel())
        opencode = opencode_lab.Lab(home, clients.programs(clients.OPENCODE), Model())
        self.models = [each.model for each in (claude, codex, self.copilot, gemini, opencode)]
        claude.claude("plugin", "marketplace", "add", str(claude_lab.ROOT))
        claude.claude("plugin", "install", "codemem@codemem-marketplace")
        codex.codemem("setup", "codex", "--yes")
        self.copilot.install()
        gemini.install()
        self.project = self.copilot.project("demo")
        self._sessions: dict[str, Callable[[Path, str], object]] = {
            "claude": claude.session, "codex": codex.session, "copilot": self.copilot.session,
            "gemini": gemini.session, "opencode": opencode.session,
        }  # fmt: skip
        self._sent: dict[str, Callable[[str], str]] = {
            "claude": claude.model.asked,
            "codex": codex.model.asked,
            "copilot": self.copilot.sent,
            "gemini": gemini.sent,
            "opencode": lambda words: json.dumps(opencode.model.asked(words)),
        }

    def says(self, agent: str, prompt: str) -> str:
        """Run a session of one prompt; return what the agent's model was sent."""
        self._sessions[agent](self.project, prompt)
        return self._sent[agent](prompt)

    def tells(self, agent: str, rule: str) -> None:
        """Give a rule in a session of an agent, and wait until it is kept."""
        self.says(agent, rule)
        wait_until(lambda: rule in self.copilot.codemem("rules", "--all-projects"))

    def end(self) -> None:
        """End what this home started."""
        self.copilot.end()
        for model in self.models:
            model.close()


@pytest.fixture
def household() -> Iterator[Household]:
    """Give a home with five agents; its path is short because sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="hh", ignore_cleanup_errors=True) as folder:
        all_of_them = Household(Path(folder).resolve())
        yield all_of_them
        all_of_them.end()


@pytest.mark.parametrize("teller", AGENTS)
def test_what_is_said_in_one_agent_is_known_in_the_others(
    teller: str, household: Household
) -> None:
    """A rule is told in the four others; changed in one of them, the old one is told no more."""
    place = AGENTS.index(teller)
    others = [*AGENTS[place + 1 :], *AGENTS[:place]]

    household.tells(teller, RULE)
    told = {agent: household.says(agent, ASKED.format("first")) for agent in others}
    household.tells(others[0], OTHER)
    later = {agent: household.says(agent, ASKED.format("then")) for agent in (others[1], teller)}

    assert [agent for agent, sent in told.items() if RULE not in sent] == []
    assert [agent for agent, sent in later.items() if OTHER not in sent] == []
    assert [agent for agent, sent in later.items() if RULE in sent] == []
    # Each under its own name, in one project.
    status = household.copilot.codemem("status")
    assert [agent for agent in (teller, *others) if agent not in status] == []
