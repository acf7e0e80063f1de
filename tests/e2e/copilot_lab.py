"""The real Copilot CLI, offline: a model that answers from a script, a home with codemem set up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import clients
import pytest
from agent_lab import AgentLab
from chat_model import Model


class Lab(AgentLab):
    """A user's home with Copilot and codemem, and the model it talks to."""

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs)
        self.model = model
        self.environ |= {
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": f"{model.url}/v1",
            "COPILOT_MODEL": "fake-model",
            "COPILOT_AUTO_UPDATE": "false",
        }

    def session(self, cwd: Path, prompt: str, *options: str) -> str:
        """Run a session of one prompt with every tool allowed; return what it printed."""
        return self.run("copilot", "--allow-all", *options, "-p", prompt, cwd=cwd)


@pytest.fixture
def copilot() -> Iterator[Lab]:
    """Give a home with Copilot, set up; its path is short because sockets lie in it."""
    model = Model()
    with tempfile.TemporaryDirectory(prefix="co", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), clients.programs(clients.COPILOT), model)
        lab.codemem("setup", "copilot", "--yes")
        yield lab
        lab.end()
        model.close()
