"""`codemem setup gemini`: the extension, put in and taken out by Gemini CLI's own commands."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from codemem_core.api import CodememError, Settings
from codemem_gemini import extension
from codemem_gemini.setup import Setup

# What Gemini CLI does with `extensions install DIR` and `extensions uninstall NAME`.
GEMINI = """#!/bin/sh
echo "$@" >>"$HOME/asked"
folder=$HOME/.gemini/extensions/codemem
case $2 in
  install) mkdir -p "${folder%/*}" && cp -R "$3" "$folder" ;;
  uninstall) rm -r "$folder" ;;
esac
"""


@pytest.fixture(autouse=True)
def gemini(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in for the client on PATH, and give the file with what it was asked."""
    program = tmp_path / "bin" / "gemini"
    program.parent.mkdir()
    program.write_text(GEMINI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return home / "asked"


def setup() -> Setup:
    """Return the installer."""
    return Setup(Settings.load({}))


def test_it_installs_the_extension_once(gemini: Path) -> None:
    """A second time there is nothing to do."""
    assert len(setup().changes()) == 1

    setup().apply()
    setup().apply()

    assert setup().changes() == []
    [asked] = gemini.read_text().splitlines()
    assert asked.endswith("--consent")


def test_the_extension_has_only_the_hooks_it_needs() -> None:
    """Every hook is waited for; those around a request carry it whole."""
    setup().apply()

    hooks = json.loads((extension.installed_folder() / "hooks/hooks.json").read_text())["hooks"]
    manifest = json.loads((extension.installed_folder() / "gemini-extension.json").read_text())
    assert set(hooks) == {"SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "SessionEnd"}
    assert manifest["mcpServers"]["codemem"]["args"] == ["mcp"]


def test_removing_leaves_nothing(home: Path) -> None:
    """Neither the extension nor the folder it was installed from."""
    setup().apply()

    assert len(setup().remove()) == 1

    assert setup().remove() == []
    assert not extension.installed_folder().exists()
    assert not (home / ".codemem" / "gemini-extension").exists()


def test_an_old_extension_is_replaced(gemini: Path) -> None:
    """It is uninstalled first: the client installs no second one of the same name."""
    setup().apply()
    manifest = extension.installed_folder() / "gemini-extension.json"
    manifest.write_text(manifest.read_text().replace('"version": "1', '"version": "0'))

    setup().apply()

    assert setup().changes() == []
    assert [line.split()[1] for line in gemini.read_text().splitlines()] == [
        "install", "uninstall", "install",
    ]  # fmt: skip


def test_a_refusal_of_the_client_is_said(home: Path, tmp_path: Path) -> None:
    """With its own words."""
    (tmp_path / "bin" / "gemini").write_text("#!/bin/sh\necho not allowed >&2\nexit 1\n")

    with pytest.raises(CodememError, match="not allowed"):
        setup().apply()

    assert not (home / ".gemini").exists()


def test_without_the_program_a_hook_is_silent(home: Path) -> None:
    """An uninstalled codemem troubles nobody."""
    setup().apply()
    hooks = json.loads((extension.installed_folder() / "hooks/hooks.json").read_text())["hooks"]
    command = hooks["AfterTool"][0]["hooks"][0]["command"]
    gone = command.replace("/codemem", "/no-such-codemem")

    done = subprocess.run(["bash", "-c", gone], cwd=home, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_checks_say_what_is_missing(database: str) -> None:
    """And are content once it is there."""
    missing = {check.text for check in setup().checks(database=database) if not check.ok}
    setup().apply()
    left = {check.text for check in setup().checks(database=database) if not check.ok}

    assert "the extension is not installed" in missing
    assert not any("extension" in text for text in left)
