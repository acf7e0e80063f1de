"""Real agents that take another one's plugin as it is: Qwen Code and Kilo."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import clients
import kilo_lab
import pytest
import qwen_lab
from agent_lab import AgentLab
from chat_model import Model, turn

pytestmark = pytest.mark.clients

FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = (
    "Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
    f" {DECISION}, because the export checks each rate by itself."
)
AGENTS = {
    "qwen": (qwen_lab.Lab, clients.QWEN),
    "kilo": (kilo_lab.Lab, clients.KILO),
}


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> Iterator[AgentLab]:
    """Give a home with an agent and the plugin; its path is short because sockets lie in it."""
    lab_type, client = AGENTS[request.param]
    model = Model()
    with tempfile.TemporaryDirectory(prefix="ki", ignore_cleanup_errors=True) as folder:
        lab = lab_type(Path(folder).resolve(), clients.programs(client), model)
        lab.install()
        yield lab
        lab.end()
        model.close()


def test_what_one_session_learnt_the_next_one_is_told(agent: AgentLab) -> None:
    """Under the agent's own name, each prompt once, with exit codes and edits."""
    repo = agent.project("invoicing")
    code = "def vat(lines):\n    return round(sum(lines), 2)\n"
    agent.model.scripts = {
        FIRST: [
            agent.command("Let me run it.", "echo 'AssertionError: 10.32 != 10.26'; exit 3"),
            agent.write("It adds up rounded lines.", repo / "vat.py", code),
            agent.command("Now it rounds once.", "echo '5 passed in 0.12s'"),
            turn(FIXED),
        ],
        SECOND: [turn("It is the rounding.")],
    }
    agent.codemem("serve", "start")

    agent.session(repo, FIRST)
    memories = agent.wait_for_memories()
    first = [payload["_adapter"] for _, _, payload in agent.raw_events() if "_adapter" in payload]
    agent.session(repo, SECOND)

    assert {event["source"] for event in first} == {agent.name}
    prompts = [event["payload"]["text"] for event in first if event["event_type"] == "prompt"]
    assert prompts == [FIRST]
    tools = [event["payload"] for event in first if event["event_type"] == "tool_result"]
    # Qwen Code tells as well which instructions it read at the start.
    tools = [tool for tool in tools if tool["kind"] != "read"]
    assert [tool["kind"] for tool in tools] == ["run", "edit", "run"]
    assert [tool.get("exit_code") for tool in tools] == [3, None, 0]
    assert tools[1]["files_changed"] == [str(repo / "vat.py")]
    assert any(DECISION in memory for memory in memories)
    assert f"Decided to {DECISION}" in agent.sent(SECOND)
