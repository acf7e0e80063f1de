"""The real pi with the example package for it, offline against a scripted model."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import clients
import pytest
from agent_lab import AgentLab
from chat_model import Model, turn

from tests.e2e.conftest import ROOT, run

pytestmark = pytest.mark.clients

FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = f"Fixed. I decided to {DECISION}, because the export checks each rate by itself."


class Lab(AgentLab):
    """A user's home with pi and codemem, and the model it talks to."""

    name = "pi"

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.environ["PI_OFFLINE"] = "1"
        url = f"{model.url}/v1"
        fake = {"baseUrl": url, "apiKey": "k", "api": "openai-completions", "models": [{"id": "m"}]}
        (home / ".pi" / "agent").mkdir(parents=True)
        models = home / ".pi" / "agent" / "models.json"
        models.write_text(json.dumps({"providers": {"fake": fake}}))

    def one_shot(self, prompt: str, *options: str) -> list[str]:
        """Return what runs a session of one prompt with every tool allowed."""
        return ["pi", "-p", *options, "--provider", "fake", "--model", "m", prompt]


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Lab]:
    """Give a home with pi and the package, installed beside this checkout's codemem."""
    model, uv = Model(), Path(sys.executable).with_name("uv")
    package = ROOT / "examples" / "codemem-pi"
    run(uv, "pip", "install", "-q", "--no-deps", "--target", tmp_path / "lib", package)
    with tempfile.TemporaryDirectory(prefix="pi", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), clients.programs(clients.PI), model)
        lab.environ["PYTHONPATH"] = str(tmp_path / "lib")
        lab.install()
        yield lab
        lab.end()
        model.close()


def test_what_one_session_learnt_the_next_one_is_told(pi: Lab) -> None:
    """By a package that knows the public face alone."""
    repo = pi.project("invoicing")
    pi.model.scripts = {
        FIRST: [
            turn("Let me run it.", "bash", command="echo '10.32 != 10.26'; exit 3"),
            turn("It adds up lines.", "write", path=str(repo / "vat.py"), content="x = 1\n"),
            turn(FIXED),
        ],
        SECOND: [turn("It is the rounding.")],
    }
    pi.codemem("serve", "start")

    pi.session(repo, FIRST)
    memories = pi.wait_for_memories()
    first = pi.stored()
    pi.session(repo, SECOND)

    assert [hook for _, hook, _ in first] == [
        "session_start", "before_agent_start", "message_end", "tool_result", "message_end",
        "tool_result", "message_end", "session_shutdown",
    ]  # fmt: skip
    tools = [event["payload"] for _, hook, event in first if hook == "tool_result"]
    assert [tool.get("exit_code") for tool in tools] == [3, None]
    assert tools[1]["files_changed"] == [str(repo / "vat.py")]
    assert any(DECISION in memory for memory in memories)
    assert DECISION in json.dumps(pi.model.asked(SECOND))
