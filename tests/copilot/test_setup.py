"""`codemem setup copilot`: what it writes, and what it leaves behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codemem_copilot.hooks_file import HooksFile, wanted
from codemem_copilot.setup import Setup
from codemem_core.api import CodememError, Settings


@pytest.fixture
def folder(home: Path) -> Path:
    """Give Copilot's folder, with a server that the user configured."""
    folder = home / ".copilot"
    folder.mkdir()
    servers = {"mcpServers": {"mine": {"type": "local", "command": "mine", "args": []}}}
    (folder / "mcp-config.json").write_text(json.dumps(servers, indent=2))
    return folder


def setup() -> Setup:
    """Return the installer."""
    return Setup(Settings.load({}))


def servers(folder: Path) -> dict[str, Any]:
    """Return the MCP servers that Copilot would start."""
    told: dict[str, Any] = json.loads((folder / "mcp-config.json").read_text())
    return told.get("mcpServers", {})


def test_it_writes_hooks_and_server_once(folder: Path) -> None:
    """A second time there is nothing to do."""
    assert len(setup().changes()) == 2

    setup().apply()

    assert setup().changes() == []
    hooks = json.loads((folder / "hooks/codemem.json").read_text())["hooks"]
    assert list(hooks) == [
        "sessionStart", "userPromptSubmitted", "postToolUse", "postToolUseFailure", "agentStop",
        "sessionEnd",
    ]  # fmt: skip
    assert set(servers(folder)) == {"mine", "codemem"}
    assert servers(folder)["codemem"]["args"] == ["mcp"]


def test_removing_leaves_what_was_there(folder: Path) -> None:
    """The user's own server stays, the folder of hooks goes."""
    before = (folder / "mcp-config.json").read_text()
    setup().apply()

    assert len(setup().remove()) == 2

    assert not (folder / "hooks").exists()
    assert json.loads((folder / "mcp-config.json").read_text()) == json.loads(before)
    assert setup().remove() == []


def test_another_ones_hooks_stay(folder: Path) -> None:
    """They have a file of their own."""
    setup().apply()
    other = folder / "hooks" / "other.json"
    other.write_text("{}")
    setup().remove()

    assert other.exists()


def test_old_hooks_are_brought_up_to_date(folder: Path) -> None:
    """The file names its version and its program."""
    setup().apply()
    file = folder / "hooks" / "codemem.json"
    file.write_text(file.read_text().replace("copilot-hook", "copilot-hooks"))

    [change] = setup().changes()

    assert change.startswith("bring up to date the hooks")


def test_a_file_that_cannot_be_read_is_left_alone(folder: Path) -> None:
    """Whatever stands in it is the user's."""
    (folder / "mcp-config.json").write_text("{ not json")

    with pytest.raises(CodememError):
        setup().apply()

    assert (folder / "mcp-config.json").read_text() == "{ not json"


@pytest.mark.parametrize("hook", wanted()["hooks"])
def test_without_the_program_a_hook_is_silent(home: Path, hook: str) -> None:
    """An uninstalled codemem troubles nobody."""
    [entry] = wanted()["hooks"][hook]
    gone = entry["bash"].replace("/codemem", "/no-such-codemem")

    done = subprocess.run(["bash", "-c", gone], cwd=home, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_checks_say_what_is_missing(folder: Path, database: str) -> None:
    """And are content once it is there."""
    missing = {check.text for check in setup().checks(database=database) if not check.ok}
    setup().apply()
    left = {check.text for check in setup().checks(database=database) if not check.ok}

    assert {"the hooks are not installed", "the MCP server is not configured"} <= missing
    assert not {"the hooks are not installed", "the MCP server is not configured"} & left
    assert HooksFile().path == folder / "hooks" / "codemem.json"
