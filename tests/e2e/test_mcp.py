"""The real Claude Code with codemem's MCP server: what it calls, what its model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from claude_lab import ROOT, Lab, turn, wait_until

from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

pytestmark = pytest.mark.clients

ASK = "What do we know about the quokka locks?"
NAME = "mcp__plugin_codemem_codemem__"
TOOLS = ("memory_search_index", "memory_expand", "memory_remember", "memory_learn")


@pytest.fixture(params=["alone", "served"])
def project(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Path]:
    """A repository with a memory, the plugin installed; with the local server or without."""
    if request.param == "alone":
        lab.environ["CODEMEM_VIEWER"] = "0"
    lab.claude("plugin", "marketplace", "add", str(ROOT))
    lab.claude("plugin", "install", "codemem@codemem-marketplace")
    folder = lab.project("zoo")
    told = ["decision", "Quokka locks are fair", "They queue in the order of arrival."]
    lab.codemem("remember", *told, "--project", "zoo")
    if request.param == "served":
        lab.codemem("serve", "start")
    yield folder
    wait_until(lambda: not any(" mcp" in command for command in lab.processes().values()))


def test_claude_calls_the_tools(lab: Lab, project: Path) -> None:
    """Search, expand, remember and learn: the model reads what each answers."""
    lab.model.scripts = {
        ASK: [
            turn("I look it up.", f"{NAME}memory_search_index", query="quokka locks"),
            turn("Closer.", f"{NAME}memory_expand", ids=[1], include_observations=True),
            turn("I keep it.", f"{NAME}memory_remember", kind="note", title="Asked about quokkas",
                 body="Somebody wanted to know."),
            turn("How to?", f"{NAME}memory_learn"),
            turn("They are fair."),
        ]
    }  # fmt: skip
    allowed = ",".join(["Bash", *(NAME + tool for tool in TOOLS)])
    options = ["--model", "sonnet", "--allowedTools", allowed, "--output-format", "text"]

    said = lab.claude("-p", ASK, *options, cwd=project)

    read = lab.model.asked(ASK)
    assert said.strip() == "They are fair."
    assert "They queue in the order of arrival." in read
    assert "recommended_system_prompt" in read
    with Store.open(lab.database) as store, store.read() as db:
        titles = [title for (title,) in rows(db, "SELECT title FROM memories WHERE kind = 'note'")]
        [(receipt,)] = rows(db, "SELECT metadata FROM usage_events WHERE event = 'expand'")
        [(session,)] = rows(db, "SELECT stream_id FROM streams")
    assert titles == ["Asked about quokkas"]
    told: dict[str, Any] = json.loads(receipt)
    assert (told["memory_ids"], told["project"], told["session"]) == ([1], "zoo", session)
