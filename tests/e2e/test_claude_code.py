"""The real Claude Code with the plugin installed, offline against a scripted model."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from claude_lab import Lab, Turn, turn, wait_until
from clients import CLAUDE_CODE

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
HOOKS = {
    "SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop", "SessionEnd",
}  # fmt: skip
"""Those that any session fires; subagents, compactions and broken turns have hooks of their own."""
FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
SECOND = "A customer says the VAT on invoice INV-9 does not add up"
DECISION = "round once per VAT rate"
FIXED = (
    "Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
    f" {DECISION}, because the export checks each rate by itself."
)
STOP_SERVER = "kill -9 $(codemem serve status | sed 's/.*pid \\([0-9]*\\).*/\\1/')"


def fix(also: str = "true") -> list[Turn]:
    """Return a model that finds a cause, with a command of the test's own on the way."""
    code = "def vat(lines):\n    return round(sum(lines), 2)\n"
    return [
        turn("Let me run it.", "Bash", command="echo 'AssertionError: 10.32 != 10.26'; exit 1"),
        turn("It adds up rounded lines.", "Write", file_path="vat.py", content=code),
        turn("Now it rounds once.", "Bash", command=f"{also}; echo '5 passed in 0.12s'"),
        turn(FIXED),
    ]


def install(lab: Lab, source: str = str(ROOT)) -> Path:
    """Install the plugin from a marketplace and write the model's part; return a repository."""
    lab.claude("plugin", "marketplace", "add", source)
    lab.claude("plugin", "install", "codemem@codemem-marketplace")
    look = turn("I look it up.", "mcp__plugin_codemem_codemem__memory_search", query="VAT rate")
    lab.model.scripts = {
        FIRST: fix(),
        SECOND: [look, turn("It is the rounding.")],
    }
    return lab.project("invoicing")


def hooks(lab: Lab) -> list[str]:
    """Return the hooks whose events are stored, in alphabetical order."""
    return sorted(hook for _, hook, _ in lab.stored())


def collect(lab: Lab) -> None:
    """Start a server, which takes what hooks that had no time left put into the spool."""
    lab.codemem("serve", "start")
    wait_until(lambda: set(hooks(lab)) >= HOOKS)


@contextmanager
def deaf(family: int, address: Any) -> Iterator[Any]:
    """Squat an address: let everybody connect, answer nobody."""
    with socket.socket(family, socket.SOCK_STREAM) as squatter:
        squatter.bind(address)
        squatter.listen(100)
        yield squatter.getsockname()


def test_plugin_and_marketplace_are_valid(lab: Lab) -> None:
    """Claude Code's own check finds nothing wrong."""
    for folder in (ROOT, ROOT / "codemem_claude/src/codemem_claude/claude_plugin"):
        assert "Validation passed" in lab.claude("plugin", "validate", str(folder))


@pytest.mark.parametrize("claude", [CLAUDE_CODE], indirect=True)
def test_the_newest_version_warns_of_nothing_in_them(lab: Lab) -> None:
    """An older one warns of what it does not know yet."""
    for folder in (ROOT, ROOT / "codemem_claude/src/codemem_claude/claude_plugin"):
        assert "warning" not in lab.claude("plugin", "validate", str(folder)).lower()


def test_what_one_session_learnt_the_next_one_is_told(lab: Lab, marketplace: str) -> None:
    """From a git marketplace: six hooks, memories, and their text in the next model request.

    Also where Claude Code cancelled the hook that asks for the memories: then silence does.
    """
    lab.environ |= {
        "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": "10000",
        "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_MS": "1000",
        "CODEMEM_RAW_EVENTS_OPEN_TURN_MS": "1800000",
    }
    repo = install(lab, marketplace)

    lab.session(repo, FIRST)
    memories = lab.wait_for_memories()
    answer = lab.session(repo, SECOND)

    assert set(hooks(lab)) >= HOOKS - ({"SessionEnd"} if lab.cancelled else set())
    assert len({stream for stream, _, _ in lab.stored()}) == 2
    assert any(DECISION in memory for memory in memories)
    assert answer == "It is the rounding."
    injected, _, found = lab.model.asked(SECOND).partition('"tool_result"')
    assert "<codemem-memory-" in injected
    assert "## Last session in this project" in injected
    assert DECISION in injected
    assert DECISION in found


@pytest.mark.parametrize("runtime", ["api_http", "claude_sidecar"])
def test_a_model_makes_the_memories(lab: Lab, runtime: str) -> None:
    """The server asks the provider, or Claude itself; that is no session and leaves no event."""
    lab.environ |= {
        "CODEMEM_OBSERVER_RUNTIME": runtime,
        "CODEMEM_OBSERVER_PROVIDER": "anthropic",
        "CODEMEM_OBSERVER_BASE_URL": f"{lab.model.url}/v1",
        "CODEMEM_OBSERVER_API_KEY": "observer-key",
    }
    told = "Twelve half cents: the lines were rounded before they were added."
    found = {"type": "bugfix", "title": "VAT was off by 6 cents", "narrative": told}
    lab.model.observation = json.dumps({"observations": [found], "summary": None})
    repo = install(lab)

    lab.session(repo, FIRST)
    memories = lab.wait_for_memories()
    lab.session(repo, SECOND)
    lab.wait_for_memories()

    assert any(told in memory for memory in memories)
    assert told in lab.model.asked(SECOND)
    assert len({stream for stream, _, _ in lab.stored()}) == 2
    assert [row["runtime"] for row in lab.usage()] == [runtime]
    wait_until(lambda: len(lab.processes()) == 1)


def test_what_no_hook_tells_is_read_in_the_transcript(lab: Lab) -> None:
    """What was said on the way, a refused tool, a tool that does not exist; each once."""
    repo = install(lab)
    lab.model.scripts[FIRST] = [
        turn("The cause is a rounding per line.", "Bash", command="seq 1 20000"),
        turn("I ask the web.", "NotebookEdit", notebook_path=f"{repo}/a.ipynb", new_source="x"),
        turn("I try another way.", "NoSuchTool", words="x"),
        turn(FIXED),
    ]

    lab.session(repo, FIRST)

    stored = lab.stored()
    said = [event["payload"]["text"] for _, hook, event in stored if hook == "AssistantText"]
    assert said == ["The cause is a rounding per line.", "I ask the web.", "I try another way."]
    tools = [event["payload"] for _, hook, event in stored if hook.startswith("PostToolUse")]
    states = [(tool["tool_name"], tool["status"]) for tool in tools]
    assert states == [("Bash", "ok"), ("NotebookEdit", "error"), ("NoSuchTool", "error")]
    assert "19999" in tools[0]["tool_output"]
    assert stored[-1][1] == "SessionEnd"


def test_one_command_installs_and_checks(lab: Lab) -> None:
    """`setup` brings its own marketplace; `--check` is content once a session has run."""
    assert "ok  the plugin is" in lab.codemem("setup", "claude")
    lab.model.scripts = {FIRST: fix()}

    lab.session(lab.project("invoicing"), FIRST)

    told = lab.codemem("setup", "claude", "--check")
    assert "NOT" not in told
    assert "ok  hooks have fired" in told
    lab.wait_for_memories()
    status = json.loads(lab.codemem("claude-integration-status"))
    assert status["health"] == "green"
    assert set(status["last_hooks"]) >= HOOKS
    assert status["plugin"]["enabled"]

    assert "claude: uninstalled the plugin" in lab.codemem("setup", "claude", "--uninstall")
    assert "NOT the plugin is not installed" in lab.codemem("setup", "claude", "--check")
    assert "codemem" not in lab.claude("plugin", "list")


def test_projects_do_not_hear_of_each_other(lab: Lab) -> None:
    """The same question in another repository gets nothing of the first one's memory."""
    repo = install(lab)
    lab.session(repo, FIRST)
    lab.wait_for_memories()
    lab.model.scripts[SECOND] = [turn("No idea.")]

    lab.session(lab.project("bookings"), SECOND)

    assert SECOND in lab.model.asked(SECOND)
    assert DECISION not in lab.model.asked(SECOND)


def test_one_server_stays_and_nothing_else(lab: Lab) -> None:
    """The session starts it; `serve stop` ends it."""
    repo = install(lab)
    lab.session(repo, FIRST)
    lab.wait_for_memories()

    # A session of seconds may end before its MCP server has begun to listen to it.
    wait_until(lambda: len(lab.processes()) == 1)
    (command,) = lab.processes().values()
    lab.codemem("serve", "stop")

    assert " serve " in command
    assert lab.processes() == {}


def test_without_a_server_nothing_is_lost(lab: Lab) -> None:
    """The hooks write themselves; the next server makes the memories."""
    lab.environ["CODEMEM_VIEWER"] = "0"
    repo = install(lab)

    assert lab.session(repo, FIRST) == FIXED
    lab.environ["CODEMEM_VIEWER"] = "1"

    collect(lab)
    assert any(DECISION in memory for memory in lab.wait_for_memories())
    # What no hook tells comes from the transcript, as it does with a server.
    assert "AssistantText" in hooks(lab)


def test_a_server_killed_on_the_way_loses_nothing(lab: Lab) -> None:
    """Later events go into the database; each is there once."""
    repo = install(lab)
    lab.model.scripts[FIRST] = fix(also=STOP_SERVER)

    assert lab.session(repo, FIRST) == FIXED
    assert lab.processes() == {}

    collect(lab)
    told = [event["event_id"] for _, _, event in lab.stored()]
    assert len(told) == len(set(told))


def test_a_socket_that_never_answers_costs_time_only(lab: Lab) -> None:
    """Somebody else listens where the server should: the hooks write themselves."""
    lab.environ["CODEMEM_CLAUDE_HOOK_HTTP_MAX_TIME_S"] = "0.5"
    repo = install(lab)
    os.makedirs(os.path.dirname(lab.socket), mode=0o700)

    with deaf(socket.AF_UNIX, lab.socket):
        assert lab.session(repo, FIRST) == FIXED

    collect(lab)


def test_a_taken_port_disturbs_nobody(lab: Lab) -> None:
    """The server does without its pages; the hooks use the socket."""
    repo = install(lab)
    with deaf(socket.AF_INET, ("127.0.0.1", 0)) as (_, port):
        lab.environ["CODEMEM_VIEWER_PORT"] = str(port)
        assert lab.session(repo, FIRST) == FIXED

        assert any(DECISION in memory for memory in lab.wait_for_memories())


@pytest.mark.parametrize("mount", ["-o size=64k", "-o ro"], ids=["full", "read-only"])
def test_a_disk_that_takes_nothing_does_not_disturb_the_session(lab: Lab, mount: str) -> None:
    """The session runs to its end, in time, and no hook says a word."""
    repo = install(lab)
    (lab.home / ".codemem").mkdir(exist_ok=True)
    began = time.monotonic()

    answer = lab.session(repo, FIRST, mounts=f"mount -t tmpfs {mount} tmpfs {lab.home}/.codemem")

    assert answer == FIXED
    assert not os.path.exists(lab.database)
    assert FIRST in lab.model.asked(FIRST)
    assert "Traceback" not in lab.model.asked(FIRST)
    assert time.monotonic() - began < 60
    assert lab.session(repo, SECOND) == "It is the rounding."


def test_a_read_only_home_does_not_disturb_the_session(lab: Lab, tmp_path: Path) -> None:
    """Claude Code keeps its own files elsewhere; codemem has no place and stays quiet."""
    lab.environ |= {"CLAUDE_CONFIG_DIR": str(tmp_path / "claude"), "TMPDIR": str(tmp_path)}
    install(lab)
    repo = tmp_path / "invoicing"
    (repo / ".git").mkdir(parents=True)
    mounts = f"mount --bind {lab.home} {lab.home}; mount -o remount,bind,ro {lab.home}"

    assert lab.session(repo, FIRST, mounts=mounts) == FIXED
    assert not (lab.home / ".codemem").exists()
