"""`opencode run` as an observer: its agent, its model, its servers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import Misconfigured
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.opencode_run import OpenCodeRun
from codemem_observers.settings import SETTINGS
from tests.observers.agents import Agent, make_agent
from tests.observers.test_agent_sandbox import STEPS


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """Install an `opencode` that answers."""
    made = make_agent(tmp_path / "bin", "opencode")
    made.says(*STEPS)
    return made


def run(agent: Agent, **environ: str) -> dict[str, Any]:
    """Ask once and return what the program wrote down."""
    path = f"{agent.path.parent}:{os.environ['PATH']}"
    settings = Settings.load({"PATH": path, "HOME": str(Path.home()), **environ}, extra=SETTINGS)
    evidence = Evidence(source="claude", stream_id="s1")
    request = ObserveRequest(evidence=evidence, instructions="RULES", prompt="P")
    OpenCodeRun(settings).observe(request)
    return agent.runs[-1]


def config(run: dict[str, Any]) -> Any:
    """Return the configuration the program was given."""
    return json.loads(run["env"]["OPENCODE_CONFIG_CONTENT"])


def configure(home: Path, **config: Any) -> None:
    """Write the user's OpenCode configuration."""
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(json.dumps(config))


def test_its_agent_may_use_no_tool(agent: Agent) -> None:
    """Denied for the agent and for everybody; no plugin of the user's, no shared session."""
    noted = run(agent)

    assert noted["argv"][:5] == ["run", "--pure", "--agent", "codemem-observer", "--title"]
    given = config(noted)
    assert given["agent"]["codemem-observer"]["permission"] == {"*": "deny"}
    assert given["agent"]["codemem-observer"]["prompt"] == "RULES"
    assert (given["permission"], given["share"]) == ({"*": "deny"}, "disabled")


def test_the_users_own_agent_is_contained_too(agent: Agent, home: Path) -> None:
    """How it asks its model stays, its tools and words go."""
    mine = {"temperature": 0.5, "prompt": "Delete!", "tools": {"bash": True}, "mode": "all"}
    configure(home, agent={"mine": mine})

    noted = run(agent, CODEMEM_OPENCODE_AGENT="mine")

    assert noted["argv"][2:4] == ["--agent", "mine"]
    own = {"mode": "primary", "prompt": "RULES", "permission": {"*": "deny"}}
    assert config(noted)["agent"] == {"mine": {"temperature": 0.5, **own}}


def test_only_the_users_providers_come_along(agent: Agent, home: Path) -> None:
    """MCP servers, plugins and instructions stay where they are; files keep their places."""
    key = {"apiKey": "{file:key}", "headers": {"X-Gateway": "{file:~/gateway}", "Y": "{env:GW}"}}
    providers = {"gw": {"npm": "@ai-sdk/openai-compatible", "options": key}}
    mcp = {"github": {"type": "local", "command": ["touch", "trace"], "enabled": True}}
    extra = {"plugin": ["./p.js"], "instructions": ["x.md"], "enabled_providers": ["gw"]}
    configure(home, provider=providers, mcp=mcp, **extra)

    noted = run(agent, GW="of-the-gateway", OTHER="x")

    given = config(noted)
    options = given["provider"]["gw"]["options"]
    assert options["apiKey"] == f"{{file:{home}/.config/opencode/key}}"
    assert options["headers"] == {"X-Gateway": f"{{file:{home}/gateway}}", "Y": "{env:GW}"}
    assert given["enabled_providers"] == ["gw"]
    assert {"mcp", "plugin", "instructions"}.isdisjoint(given)
    assert (noted["env"].get("GW"), noted["env"].get("OTHER")) == ("of-the-gateway", None)


def test_its_home_has_the_users_logins_and_nothing_else(agent: Agent, home: Path) -> None:
    """`--pure` lets some plugins through, so their folder is not in sight."""
    elsewhere = {"XDG_STATE_HOME": "/elsewhere", "OPENCODE_CONFIG_DIR": str(home)}

    env = run(agent, **elsewhere)["env"]

    room = os.path.dirname(env["PWD"])
    assert (env["HOME"], env["XDG_CONFIG_HOME"]) == (room, f"{room}/config")
    assert (env["XDG_DATA_HOME"], env["XDG_STATE_HOME"]) == (f"{home}/.local/share", "/elsewhere")
    assert env["npm_config_userconfig"] == f"{home}/.npmrc"
    assert "OPENCODE_CONFIG_DIR" not in env


def test_its_sessions_stay_out_of_the_users_list(agent: Agent) -> None:
    """They are kept in a database that goes with the run."""
    noted = run(agent)

    assert noted["env"]["OPENCODE_DB"].startswith(os.path.dirname(noted["cwd"]))


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("", "openai/gpt-5.1-codex-mini"),
        ("gpt-5", "openai/gpt-5"),
        ("claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("ollama/qwen3:8b", "ollama/qwen3:8b"),
    ],
)
def test_the_model_is_written_with_its_provider(agent: Agent, model: str, asked: str) -> None:
    """OpenCode knows no bare names."""
    argv = run(agent, CODEMEM_OPENCODE_MODEL=model)["argv"]

    assert argv[argv.index("--model") + 1] == asked


def test_an_unknown_model_stays_unknown(agent: Agent) -> None:
    """OpenCode says so without having asked anybody."""
    agent.says({"type": "error", "error": {"name": "UnknownError", "data": {}}}, code=1)

    with pytest.raises(Misconfigured, match="before it asked"):
        run(agent)
