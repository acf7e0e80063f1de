"""One user, many agents: what is said in one is known in the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
RULE = "Always run the linter with --strict in this project."


@dataclass(frozen=True)
class Agent:
    """An agent's hooks, with what it really sends."""

    name: str
    folder: str
    prompt: str
    """Fixture of a prompt's hook."""
    start: str
    """Fixture of a session's start."""
    session: str = "session_id"
    ask: tuple[str, ...] = ()
    """The command that answers; `tell` answers as well when it is not given."""
    tell: tuple[str, ...] = ()

    def payload(self, fixture: str, project: Path, **fields: Any) -> str:
        """Return a recorded payload as a session in `project` sends it."""
        path = FIXTURES / self.folder / f"{fixture}.json"
        sent = {**json.loads(path.read_text()), "cwd": str(project)}
        for name in ("timestamp", "ts", "transcript_path"):
            sent.pop(name, None)
        return json.dumps({**sent, self.session: f"{self.name}-1", **fields})


AGENTS = {
    "claude": Agent(
        "claude", "claude/2.1.330", "UserPromptSubmit", "SessionStart.startup",
        tell=("claude-hook-ingest",), ask=("claude-hook-inject",),
    ),
    "codex": Agent(
        "codex", "codex/0.171.0", "UserPromptSubmit", "SessionStart.startup", tell=("codex-hook",)
    ),
    "copilot": Agent(
        "copilot", "copilot/1.0.102", "userPromptSubmitted", "sessionStart.new", "sessionId",
        tell=("copilot-hook", "userPromptSubmitted"), ask=("copilot-hook", "sessionStart"),
    ),
    "gemini": Agent(
        "gemini", "gemini/0.61.0", "BeforeAgent", "SessionStart.startup", tell=("gemini-hook",)
    ),
}  # fmt: skip


@pytest.fixture
def project(home: Path) -> Path:
    """Make a project; no server is started by itself."""
    config = home / ".config/codemem/config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"viewer_auto": false, "observer_runtime": "extractive"}')
    folder = home / "demo"
    (folder / ".git").mkdir(parents=True)
    return folder


def codemem(*arguments: str, sent: str = "", cwd: Path | None = None) -> str:
    """Run a command as a hook does and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        input=sent,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("teller", AGENTS)
def test_a_rule_given_in_one_agent_is_told_in_the_others(teller: str, project: Path) -> None:
    """A new session of any agent hears it; it is one memory of one project."""
    agent = AGENTS[teller]
    codemem(*agent.tell, sent=agent.payload(agent.prompt, project, prompt=RULE))
    codemem("queue", "flush", f"{teller}-1", "--source", teller)

    for name, other in AGENTS.items():
        start = other.payload(other.start, project, **{other.session: f"{name}-2"})
        told = codemem(*(other.ask or other.tell), sent=start)
        assert RULE in told, f"{name} was not told"
    assert codemem("rules", cwd=project).count("--strict") == 1
