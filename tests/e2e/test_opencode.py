"""The real OpenCode with the plugin installed, offline against a scripted model."""

from __future__ import annotations

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from agent_lab import PROGRAMS, wait_until
from chat_model import Turn, turn
from hardship import sick_server
from opencode_lab import Lab

pytestmark = pytest.mark.clients

FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = (
    "Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
    f" {DECISION}, because the export checks each rate by itself."
)
OFFERED = {"mem-status", "mem-stats", "mem-recent", "mem-search", "mem-remember"}
BUDGET_MS = 2000
"""What a prompt waits for memories at most (`CODEMEM_INJECT_HTTP_MAX_TIME_S`)."""
EVENTS = Counter(
    {
        "session.created": 1,
        "user_prompt": 1,
        "tool.execute.after": 4,
        "assistant_message": 5,
        "assistant_usage": 5,
        "session.idle": 1,
    }
)
"""What the plugin tells of a session of `fix`."""
STOP_SERVER = "kill -9 $(codemem serve status | sed 's/.*pid \\([0-9]*\\).*/\\1/')"


def fix(also: str = "true") -> list[Turn]:
    """Return a model that finds a cause, with a command of the test's own on the way."""
    code = "def vat(lines):\n    return round(sum(lines), 2)\n"
    fails = "echo 'AssertionError: 10.32 != 10.26'; exit 1"
    passes = f"{also}; echo '5 passed in 0.12s'"
    return [
        turn("Let me run it.", "bash", command=fails, description="Run"),
        turn("Let me look.", "read", filePath="/no/such/file.py"),
        turn("It adds up rounded lines.", "write", filePath="vat.py", content=code),
        turn("Now it rounds once.", "bash", command=passes, description="Run"),
        turn(FIXED),
    ]


def told(lab: Lab) -> Counter[str]:
    """Count the stored events by type; the ids are all different."""
    stored = lab.stored()
    ids = [payload.get("_adapter", {}).get("event_id") for _, _, payload in stored]
    known = [each for each in ids if each]
    assert len(known) == len(set(known))
    return Counter(kind for _, kind, _ in stored)


def test_what_one_session_learnt_the_next_one_is_told(opencode: Lab) -> None:
    """Every event, memories, their text beside the next prompt, tools and MCP that answer."""
    mcp = {"type": "local", "command": [f"{PROGRAMS}/codemem", "mcp"], "enabled": True}
    opencode.configure(mcp={"codemem": mcp})
    repo = opencode.project("invoicing")
    opencode.model.scripts = {
        FIRST: fix(),
        SECOND: [
            turn("I look it up.", "mem-search", query="VAT rate"),
            turn("And the other way.", "codemem_memory_search", query="VAT rate"),
            turn("It is the rounding."),
        ],
    }

    opencode.session(repo, FIRST)
    memories = opencode.wait_for_memories()
    answer = opencode.session(repo, SECOND)

    stored = [(kind, payload) for _, kind, payload in opencode.stored()]
    assert Counter(kind for kind, _ in stored[: sum(EVENTS.values())]) == EVENTS
    tools = [payload["_adapter"]["payload"] for kind, payload in stored if "tool" in kind][:4]
    states = [(tool["tool_name"], tool["status"]) for tool in tools]
    assert states == [("bash", "error"), ("read", "error"), ("write", "ok"), ("bash", "ok")]
    assert any(DECISION in memory for memory in memories)
    assert "It is the rounding." in answer
    asked = opencode.model.asked(SECOND)
    names = {tool["function"]["name"] for tool in asked["tools"]}
    assert names >= OFFERED | {"codemem_memory_search"}
    prompt = next(m for m in asked["messages"] if SECOND in json.dumps(m["content"]))
    assert "<codemem-memory-" in json.dumps(prompt)
    assert DECISION in json.dumps(prompt)
    answers = [m["content"] for m in asked["messages"] if m["role"] == "tool"]
    assert len(answers) == 2
    assert all(DECISION in text for text in answers)


def test_what_was_injected_is_repeated_byte_for_byte(opencode: Lab) -> None:
    """Each later request begins with all that the one before it held."""
    repo = opencode.project("invoicing")
    opencode.codemem("remember", "decision", "VAT", FIXED, "--project", "invoicing")
    opencode.model.scripts = {SECOND: fix()}

    opencode.session(repo, SECOND)

    sent = [body["messages"] for body in opencode.model.requests if body.get("tools")]
    assert len(sent) == 5
    assert "<codemem-memory-" in json.dumps(sent[0])
    for earlier, later in pairwise(sent):
        assert later[: len(earlier)] == earlier


def test_the_server_is_started_and_ends_when_nobody_uses_it(opencode: Lab) -> None:
    """It outlives the session that started it; the variable that ends it is its own."""
    opencode.session(opencode.project("invoicing"), FIRST)

    (pid,) = (pid for pid, command in opencode.processes().items() if " serve " in command)

    environ = Path(f"/proc/{pid}/environ").read_text()
    assert "CODEMEM_VIEWER_UNUSED_S=300" in environ.split("\0")
    assert opencode.processes().keys() == {pid}


def test_a_server_down_from_the_start_loses_nothing(opencode: Lab) -> None:
    """The events go into the database by the command line."""
    opencode.environ["CODEMEM_VIEWER_AUTO"] = "0"
    opencode.model.scripts = {FIRST: fix()}

    answer = opencode.session(opencode.project("invoicing"), FIRST)

    assert DECISION in answer
    assert told(opencode) == EVENTS
    assert max(opencode.waits_ms()) <= BUDGET_MS + 500


def test_a_server_killed_on_the_way_loses_nothing(opencode: Lab) -> None:
    """Later events take another way; each is there once."""
    opencode.codemem("serve", "start")
    opencode.model.scripts = {FIRST: fix(also=STOP_SERVER)}

    answer = opencode.session(opencode.project("invoicing"), FIRST)
    opencode.codemem("spool", "drain")

    assert DECISION in answer
    assert told(opencode) == EVENTS


@pytest.mark.parametrize(
    ("status", "after_s"), [(200, 5.0), (500, 0.0), (401, 0.0)], ids=["slow", "500", "401"]
)
def test_a_sick_server_loses_and_delays_nothing(opencode: Lab, status: int, after_s: float) -> None:
    """The events take another way, and prompts wait no longer than the budget."""
    opencode.codemem("remember", "decision", "VAT", FIXED, "--project", "invoicing")
    opencode.model.scripts = {SECOND: fix()}

    with sick_server(opencode.socket, status=status, after_s=after_s):
        answer = opencode.session(opencode.project("invoicing"), SECOND)
    opencode.codemem("spool", "drain")

    assert DECISION in answer
    assert told(opencode) == EVENTS
    assert max(opencode.waits_ms()) <= BUDGET_MS + 500


def test_without_server_and_command_events_wait_on_disk(opencode: Lab) -> None:
    """The next server, or `spool drain`, takes them."""
    path = opencode.environ["PATH"]
    opencode.environ["PATH"] = path.replace(f"{PROGRAMS}:", "")
    opencode.model.scripts = {FIRST: fix()}

    opencode.session(opencode.project("invoicing"), FIRST)
    assert not os.path.exists(opencode.database)
    opencode.environ["PATH"] = path
    opencode.codemem("serve", "start")

    wait_until(lambda: told(opencode) == EVENTS)
    assert any(DECISION in memory for memory in opencode.wait_for_memories())


def test_opencode_as_observer_is_no_session(opencode: Lab) -> None:
    """It has no tools and no plugin: nothing of it is recorded, and it starts no other."""
    opencode.environ |= {"CODEMEM_OBSERVER_RUNTIME": "opencode_run"}
    opencode.environ |= {"CODEMEM_OPENCODE_MODEL": "fake/m"}
    learnt = "Twelve half cents: the lines were rounded before they were added."
    found = {"type": "bugfix", "title": "VAT was off by 6 cents", "narrative": learnt}
    opencode.model.observation = json.dumps({"observations": [found], "summary": None})
    opencode.model.scripts = {FIRST: fix()}

    opencode.session(opencode.project("invoicing"), FIRST)
    memories = opencode.wait_for_memories()

    assert any(learnt in memory for memory in memories)
    assert told(opencode) == EVENTS
    assert len(opencode.model.observing()) == 1


def test_a_hostile_repository_changes_nothing(opencode: Lab) -> None:
    """Its variables, config, project file and programs are not codemem's."""
    repo, trace = opencode.project("invoicing"), opencode.home / "trace"
    program = f"#!/bin/sh\ntouch {trace}\n"
    for name in ("codemem", "uv", "uvx"):
        for folder in ("node_modules/.bin", ".venv/bin", "."):
            (repo / folder).mkdir(parents=True, exist_ok=True)
            (repo / folder / name).write_text(program)
            (repo / folder / name).chmod(0o755)
    evil = {
        "RUNNER": repo / "codemem",
        "RUNNER_FROM": repo,
        "DB": repo / "mem.sqlite",
        "CLAUDE_HOOK_SPOOL_DIR": repo / "spool",
        "CONFIG": repo / "config.json",
        "PLUGIN_LOG": repo / "plugin.log",
        "VIEWER_HOST": "evil.example",
        "PROJECT": "another",
    }
    planted = "".join(f"CODEMEM_{name}={value}\n" for name, value in evil.items())
    for name in (".env", ".env.local"):
        (repo / name).write_text(planted + f"PATH={repo}/node_modules/.bin\nHOME={repo}\n")
    (repo / "config.json").write_text(json.dumps({"runner": str(repo / "codemem")}))
    (repo / "pyproject.toml").write_text('[project]\nname = "codemem"\nversion = "1"\n')
    options = [f"file://{opencode.config}/plugin/codemem.js", {"runner": str(repo / "codemem")}]
    (repo / "opencode.json").write_text(json.dumps({"plugin": [options]}))
    # As `npm run` and a shell that was told to do so would have it.
    path = f"{repo}/node_modules/.bin:.:{repo}/.venv/bin:{opencode.environ['PATH']}"
    opencode.environ["PATH"] = path
    opencode.model.scripts = {FIRST: fix()}
    before = {entry.name for entry in repo.iterdir()}

    opencode.session(repo, FIRST)
    opencode.wait_for_memories()

    assert not trace.exists()
    assert {entry.name for entry in repo.iterdir()} == before | {"vat.py"}
    assert told(opencode) == EVENTS
    recent = opencode.codemem("recent", "--json", "--project", "invoicing")
    assert json.loads(recent)["items"]
