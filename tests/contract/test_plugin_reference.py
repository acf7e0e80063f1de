"""What the plugin reference tells a user of Claude Code to type, or says will happen, word by word.

Variables and defaults: `test_settings.py`. What the scripts run: `tests/claude/test_scripts.py`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codemem_core._version import __version__
from codemem_core.store.engine.store import Store

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "codemem_claude/src/codemem_claude/claude_plugin"
HOOKS = json.loads((PLUGIN / "hooks/hooks.json").read_text())["hooks"]
PAYLOAD = '{"hook_event_name":"SessionStart","session_id":"sess-1","cwd":"/tmp/demo"}'
INGEST = f"printf '%s\\n' '{PAYLOAD}' | codemem claude-hook-ingest"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a person types it; the server stays off."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {"HOME": os.environ["HOME"], "PATH": path, "CODEMEM_VIEWER": "0"}
    command = ["/bin/sh", "-c", line]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "codemem stats",
        "codemem recent",
        "codemem raw-events-status",
        "codemem claude-integration-status",
        "codemem raw-events-retry --help",
        "codemem claude-hook-inject --help",
        "codemem mcp --help",
        "codemem serve --help | grep -e --restart",
    ],
)
def test_documented_commands_are_there(line: str) -> None:
    """On a machine where nothing has happened yet."""
    done = shell(line)

    assert done.returncode == 0, done.stderr


def test_the_documented_ingest_line_stores_an_event(home: Path) -> None:
    """It prints nothing."""
    done = shell(INGEST)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with Store.open(str(home / ".codemem" / "mem.sqlite")) as store, store.read() as db:
        told = db.execute("SELECT stream_id, project FROM streams").fetchall()
    assert told == [("sess-1", "demo")]


def test_the_plugin_registers_the_documented_hooks_and_five_more() -> None:
    """And not PreToolUse, which is put off on purpose."""
    assert set(HOOKS) == {
        *("SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop"),
        *("SessionEnd", "StopFailure", "SubagentStart", "SubagentStop", "PostCompact"),
        "InstructionsLoaded",
    }
    [prompt] = HOOKS["UserPromptSubmit"][0]["hooks"]
    assert prompt["command"].endswith("/scripts/user-prompt-hook.sh")


def test_marketplace_and_plugin_have_the_documented_names() -> None:
    """`/plugin marketplace update codemem-marketplace`, `/plugin install codemem`."""
    market = json.loads((ROOT / ".claude-plugin/marketplace.json").read_text())
    plugin: dict[str, Any] = json.loads((PLUGIN / ".claude-plugin/plugin.json").read_text())

    assert market["name"] == "codemem-marketplace"
    assert [each["name"] for each in market["plugins"]] == [plugin["name"]] == ["codemem"]
    assert plugin["version"] == __version__


@pytest.mark.parametrize("script", ["mcp.sh", "ingest-hook.sh", "inject-context-hook.sh"])
def test_uvx_is_always_pinned_to_the_plugins_version(script: str) -> None:
    """Never what happens to be newest on an index."""
    text = (PLUGIN / "scripts" / script).read_text()
    shared = (PLUGIN / "scripts" / "codemem.sh").read_text()

    assert not re.search(r"^\s*uvx ", text, re.MULTILINE)
    assert "fetched " in text
    assert re.findall(r"\buvx .*", shared.partition("fetched() {")[2]) == [
        'uvx --from "${CODEMEM_RUNNER_FROM:-codemem==$version}" codemem "$@"'
    ]


def test_a_session_of_another_tool_shares_a_project_by_name(home: Path) -> None:
    """`CODEMEM_PROJECT` stands over the folder and is reduced to its last part."""
    assert shell(f"export CODEMEM_PROJECT='D:/dev/client-demo'; {INGEST}").returncode == 0

    with Store.open(str(home / ".codemem" / "mem.sqlite")) as store, store.read() as db:
        assert db.execute("SELECT project FROM streams").get == "client-demo"
