"""codemem in OpenCode's configuration: put in, brought up to date, taken out; no more."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from codemem_cli.app import cli
from codemem_core._version import __version__
from codemem_core.commands.install_checks import installed_program
from codemem_core.config import jsonc
from codemem_core.errors import CodememError
from codemem_opencode.plugin_files import PluginFiles

COMMENTED = """{
  // mine
  "theme": "dark",
  "mcp": { "other": { "type": "remote", "url": "https://x.example" } }, // keep
}
"""


@pytest.fixture
def config(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return OpenCode's folder of a user who has neither codemem nor uvx on PATH."""
    monkeypatch.setenv("PATH", str(home / "bin"))
    return home / ".config" / "opencode"


def run(*arguments: str) -> Result:
    """Run codemem."""
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def files_below(folder: Path) -> dict[str, str]:
    """Return every file and its text."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_plugin_is_installed_with_all_its_parts(config: Path) -> None:
    """A file that OpenCode loads, the parts beside it, and a version; again changes nothing."""
    first = run("install-plugin")
    before = files_below(config)
    second = run("install-plugin")

    assert "installed the plugin" in first.output
    assert "the plugin is installed" in second.output
    assert before == files_below(config)
    assert {"plugin/codemem.js", "codemem/codemem.js", "codemem/package.json"} <= set(before)
    assert any(name.startswith("codemem/lib/") for name in before)
    assert PluginFiles(config).version() == __version__


def test_older_plugin_is_brought_up_to_date_without_leftovers(config: Path) -> None:
    """What an earlier codemem installed is replaced as a whole."""
    run("install-plugin")
    (config / "codemem" / "lib" / "gone.js").write_text("export {}")
    (config / "codemem" / "package.json").write_text('{"version": "0.9.0"}')
    shown = run("setup", "opencode", "--check").output

    run("install-plugin")

    assert "the plugin is 0.9.0" in shown
    assert PluginFiles(config).is_current()
    assert not (config / "codemem" / "lib" / "gone.js").exists()


def test_foreign_plugin_is_kept_unless_forced(config: Path) -> None:
    """A file of another origin stays; with force it is replaced and a copy remains."""
    (config / "plugin").mkdir(parents=True)
    foreign = config / "plugin" / "codemem.js"
    foreign.write_text("export default async () => ({})\n")

    left = run("install-plugin")
    forced = run("install-plugin", "--force")

    assert "--force replaces it" in left.output
    assert left.exit_code == 0
    assert "as it was:" in forced.output
    [copy] = (config / "plugin").glob("codemem.js.*.bak")
    assert copy.read_text() == "export default async () => ({})\n"


def test_plugin_is_removed_without_a_trace(config: Path) -> None:
    """Uninstalled, nothing of ours is left; what is not ours stays."""
    (config / "plugin").mkdir(parents=True)
    (config / "plugin" / "mine.js").write_text("export default async () => ({})")
    run("install-plugin")

    run("install-plugin", "--uninstall")

    assert set(files_below(config)) == {"plugin/mine.js"}
    assert "is not installed" in run("install-plugin", "--uninstall").output


def test_mcp_server_is_entered_and_the_rest_stays(config: Path) -> None:
    """Comments, order, mode and other servers survive; a copy of the file is kept."""
    config.mkdir(parents=True)
    file = config / "opencode.jsonc"
    file.write_text(COMMENTED)
    file.chmod(0o600)

    first, second = run("install-mcp"), run("install-mcp")

    text = file.read_text()
    assert "configured the MCP server" in first.output
    assert "is configured" in second.output
    assert "// mine" in text
    assert "// keep" in text
    assert jsonc.loads(text)["mcp"] == {  # type: ignore[index]
        "other": {"type": "remote", "url": "https://x.example"},
        "codemem": {
            "type": "local",
            "command": [installed_program(), "mcp"],
            "enabled": True,
        },
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [copy] = config.glob("opencode.jsonc.*.bak")
    assert copy.read_text() == COMMENTED
    assert not (config / "opencode.json").exists()


def test_mcp_server_is_taken_out_again(config: Path) -> None:
    """Uninstalled, every file says what it said; a `mcp` that we made is gone too."""
    config.mkdir(parents=True)
    (config / "opencode.json").write_text('{\n  "theme": "dark"\n}\n')
    run("install-mcp")

    run("install-mcp", "--uninstall")

    assert (config / "opencode.json").read_text() == '{\n  "theme": "dark"\n}\n'


def test_what_is_not_installed_is_fetched_only_when_allowed(
    monkeypatch: pytest.MonkeyPatch, config: Path, tmp_path: Path
) -> None:
    """In a checkout the name on the public index is somebody else's."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    run("install-mcp")
    named = json.loads((config / "opencode.json").read_text())["mcp"]["codemem"]["command"]
    monkeypatch.setenv("CODEMEM_RUNNER", "uvx")
    run("install-mcp", "--uninstall")
    run("install-mcp")
    fetched = json.loads((config / "opencode.json").read_text())["mcp"]["codemem"]["command"]

    assert named == ["codemem", "mcp"]
    assert fetched == ["uvx", f"codemem=={__version__}", "mcp"]


def test_own_entry_is_kept_unless_forced(config: Path) -> None:
    """What a user configured for codemem stays as it is."""
    config.mkdir(parents=True)
    own = {"mcp": {"codemem": {"type": "local", "command": ["mine"], "enabled": False}}}
    file = config / "opencode.json"
    file.write_text(json.dumps(own))

    run("install-mcp")
    kept = json.loads(file.read_text())
    run("install-mcp", "--force")

    assert kept == own
    assert json.loads(file.read_text())["mcp"]["codemem"]["enabled"] is True


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"mcp": 3}', "\x00"])
@pytest.mark.parametrize("command", [["install-mcp"], ["setup", "opencode"]])
def test_file_that_is_no_configuration_is_left_alone(
    config: Path, text: str, command: list[str]
) -> None:
    """One line and a hint, exit 1, and the file as it was."""
    config.mkdir(parents=True)
    (config / "opencode.json").write_text(text)

    done = CliRunner().invoke(cli, command)

    assert isinstance(done.exception, CodememError)
    assert str(config / "opencode.json") in str(done.exception)
    assert files_below(config) == {"opencode.json": text}


def test_link_to_dotfiles_stays_a_link(config: Path, home: Path) -> None:
    """The file behind a link is edited, not replaced by a copy."""
    config.mkdir(parents=True)
    dotfile = home / "dotfiles.json"
    dotfile.write_text("{}\n")
    (config / "opencode.json").symlink_to(dotfile)

    run("install-mcp")

    assert (config / "opencode.json").is_symlink()
    assert "codemem" in json.loads(dotfile.read_text())["mcp"]


def test_xdg_folder_is_honoured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenCode looks by XDG, codemem installs."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))

    run("install-plugin")

    assert (home / "elsewhere" / "opencode" / "plugin" / "codemem.js").is_file()


def test_setup_installs_checks_and_takes_out(config: Path) -> None:
    """Both parts in one go; the check says what is missing; all of it goes again."""
    before = run("setup", "opencode", "--check")
    done = run("setup", "opencode")
    again = run("setup", "opencode")
    after = run("setup", "opencode", "--check")
    removed = run("setup", "opencode", "--uninstall")

    assert before.exit_code == 1
    assert "NOT the plugin is not installed" in before.output
    assert f"install the plugin {__version__}" in done.output
    assert "ok  the MCP server is configured" in done.output
    assert "opencode: nothing to change" in again.output
    assert f"ok  the plugin is {__version__}" in after.output
    assert "removed the MCP server" in removed.output
    assert not PluginFiles(config).entry.exists()


def test_setup_without_a_name_shows_and_asks(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds the agents, shows the changes, and changes nothing until somebody agrees."""
    config.mkdir(parents=True)
    done = CliRunner().invoke(cli, ["setup"])
    untouched = files_below(config)
    agreed = run("setup", "--yes")

    assert f"opencode: install the plugin {__version__}" in done.output
    assert "claude" not in done.output
    assert untouched == {}
    assert "ok  the plugin is" in agreed.output


@pytest.mark.parametrize(("answers", "installed"), [(b"n\n\n", False), (b"y\n\n", True)])
def test_setup_on_a_terminal_does_what_one_answers(
    config: Path, home: Path, answers: bytes, installed: bool
) -> None:
    """It asks once for all changes, no means no, and then how long text is kept."""
    config.mkdir(parents=True)
    ours, theirs = os.openpty()
    os.write(ours, answers)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "codemem_cli", "setup"],
        stdin=theirs,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)

    assert "Make these changes?" in done.stdout
    assert PluginFiles(config).entry.exists() == installed


def test_setup_on_a_machine_without_agents_says_so(config: Path) -> None:
    """Nothing there: one line that names what there could be."""
    del config
    done = CliRunner().invoke(cli, ["setup"])

    assert "no agent found" in str(done.exception)
    assert "claude|codex|copilot|gemini|kilo|opencode" in str(getattr(done.exception, "hint", ""))


def test_unwritable_folder_is_one_line(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is said, not traced."""
    config.parent.mkdir(parents=True)
    config.write_text("a file where the folder should be")

    done = CliRunner().invoke(cli, ["install-plugin"])

    assert "cannot write" in str(done.exception)


def test_copies_are_self_contained(config: Path) -> None:
    """Nothing installed points back to where it came from."""
    run("install-plugin")
    source = str(Path(shutil.__file__).parent)
    texts: Any = files_below(config).values()

    assert not [text for text in texts if source in text or str(Path(__file__).parents[2]) in text]
