"""The scripts Claude Code runs: quick, quiet, and never in the session's way."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "codemem_claude/src/codemem_claude/claude_plugin"
VERSION = json.loads((PLUGIN / ".claude-plugin/plugin.json").read_text())["version"]
FETCHED = f"--from codemem=={VERSION} codemem"
GO_ON = '{"continue":true}\n'
PAYLOAD = '{"hook_event_name":"Stop","session_id":"s1","cwd":"/tmp"}'

# Stands in for `codemem` and `uvx`: notes its arguments and stdin, answers like the real one.
STUB = """#!/bin/sh
case "$*" in
  version) echo {version}; exit ;;
esac
called=$*
if [ "${{2:-}}" = --plugin-version ]; then
  case {version}. in
    "$3".*) called=$1 ;;
    *) exit {other} ;;
  esac
fi
printf '%s %s\n' "$called" "$(cat)" >> {calls}
echo noise >&2
case "$*" in
  *claude-hook-inject*) echo '{answer}' ;;
  *) echo noise ;;
esac
exit {code}
"""


class Machine:
    """A home folder and a PATH with exactly the programs a test installs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.calls = home / "calls"
        self.bin = home / "bin"
        self.bin.mkdir()
        for name in ("cat", "date", "mkdir", "sh"):
            (self.bin / name).symlink_to(f"/bin/{name}")

    def install(
        self, name: str, *, version: str = VERSION, answer: str = '{"a": 1}', code: int = 0
    ) -> None:
        """Install a stub that answers so; an old one knows no `--plugin-version`."""
        path = self.bin / name
        other = 2 if version.startswith("0.") else 75
        text = STUB.format(version=version, calls=self.calls, answer=answer, code=code, other=other)
        path.write_text(text)
        path.chmod(0o755)

    def run(
        self, script: str, stdin: str = PAYLOAD, *, cwd: Path | None = None, **environ: str
    ) -> str:
        """Run a script as Claude Code does and return what it printed."""
        done = subprocess.run(
            ["/bin/sh", "-c", f'"${{CLAUDE_PLUGIN_ROOT}}"/scripts/{script}'],
            input=stdin,
            cwd=cwd,
            env={
                "HOME": str(self.home),
                "PATH": str(self.bin),
                "CLAUDE_PLUGIN_ROOT": str(PLUGIN),
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert done.stderr == "" or script == "mcp.sh"
        return done.stdout

    def seen(self, count: int) -> list[str]:
        """Return the calls of the stubs, sorted, once there are as many."""
        return sorted(eventually(self._lines, lambda lines: len(lines) == count))

    def _lines(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


def eventually(look: Callable[[], list[str]], enough: Callable[[list[str]], bool]) -> list[str]:
    """Look until it is enough; a background process needs a moment."""
    deadline = time.monotonic() + 10
    while not enough(found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


@pytest.fixture
def machine(home: Path) -> Machine:
    """Return a machine with nothing of codemem on it."""
    return Machine(home)


def test_hooks_name_scripts_that_exist() -> None:
    """Each event runs a script of the plugin's own folder, quoted."""
    hooks = json.loads((PLUGIN / "hooks/hooks.json").read_text())["hooks"]

    scripts = {event: entry[0]["hooks"][0]["command"] for event, entry in hooks.items()}
    assert set(scripts) == {
        "SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop",
        "SessionEnd", "StopFailure", "SubagentStart", "SubagentStop", "PostCompact",
        "InstructionsLoaded",
    }  # fmt: skip
    for command in scripts.values():
        found = re.fullmatch(r'"\$\{CLAUDE_PLUGIN_ROOT\}"/scripts/([a-z-]+\.sh)', command)
        assert found
        assert os.access(PLUGIN / "scripts" / found[1], os.X_OK)


def test_marketplace_points_at_the_plugin() -> None:
    """The folder it names is the plugin, and says the same of itself."""
    root = Path(__file__).parents[2]
    market = json.loads((root / ".claude-plugin/marketplace.json").read_text())

    (entry,) = market["plugins"]
    assert (root / entry["source"]).resolve() == PLUGIN.resolve()
    assert market["name"] == "codemem-marketplace"
    assert (entry["name"], entry["version"]) == ("codemem", VERSION)


def test_ingest_uses_the_installed_codemem(machine: Machine) -> None:
    """One of the plugin's own version gets the payload; its output stays inside."""
    machine.install("codemem")
    machine.install("uvx")

    assert machine.run("ingest-hook.sh") == ""
    assert machine.seen(1) == [f"claude-hook-ingest {PAYLOAD}"]


def test_ingest_of_another_version_uses_uvx(machine: Machine) -> None:
    """A codemem that may not understand the database is left alone."""
    machine.install("codemem", version="0.19.0")
    machine.install("uvx")

    assert machine.run("ingest-hook.sh", CODEMEM_RUNNER="uvx") == ""
    assert machine.seen(1) == [f"{FETCHED} claude-hook-ingest {PAYLOAD}"]


def test_nothing_is_fetched_that_no_release_or_user_allowed(machine: Machine) -> None:
    """In a checkout the name on the public index is somebody else's."""
    machine.install("uvx")

    told = json.loads(machine.run("session-start-hook.sh"))

    assert "is not installed" in told["systemMessage"]
    assert machine.run("user-prompt-hook.sh") == GO_ON
    assert machine.seen(0) == []


def test_the_program_that_setup_found_comes_first(machine: Machine, tmp_path: Path) -> None:
    """Another program of the same name may come first on PATH."""
    shutil.copytree(PLUGIN, tmp_path / "plugin")
    machine.install("codemem")
    (tmp_path / "plugin/scripts/program").write_text(f"{machine.bin / 'ours'}\n")
    (machine.bin / "codemem").rename(machine.bin / "ours")
    machine.install("codemem", code=1)

    machine.run("ingest-hook.sh", CLAUDE_PLUGIN_ROOT=str(tmp_path / "plugin"))

    assert machine.seen(1) == [f"claude-hook-ingest {PAYLOAD}"]
    assert not (machine.home / ".codemem" / "plugin.log").exists()


def test_ingest_without_any_codemem_says_so_in_the_log(machine: Machine) -> None:
    """An event that nobody takes leaves a line, not an error."""
    log = machine.home / "logs" / "a.log"

    assert machine.run("ingest-hook.sh", CODEMEM_PLUGIN_LOG_PATH=str(log)) == ""
    assert f"payload LOST: codemem {VERSION} is not installed" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_a_newer_codemem_is_better_than_none(machine: Machine) -> None:
    """Without uvx, one of the same first number keeps the event."""
    major = VERSION.partition(".")[0]
    machine.install("codemem", version=f"{major}.99.0")

    assert machine.run("ingest-hook.sh") == ""
    assert machine.seen(1) == [f"claude-hook-ingest {PAYLOAD}"]


def test_a_foreign_codemem_never_gets_the_event(machine: Machine) -> None:
    """It may not understand the database; the log says what to do."""
    machine.install("codemem", version="0.19.0")

    assert machine.run("ingest-hook.sh") == ""
    assert machine.seen(0) == []
    log = (machine.home / ".codemem" / "plugin.log").read_text()
    assert "is not codemem" in log
    assert "payload LOST" in log
    assert "uv tool install --upgrade codemem" in log


@pytest.mark.parametrize("version", ["0.19.0", "99.0.0"])
def test_a_new_session_says_that_versions_differ(machine: Machine, version: str) -> None:
    """The user is told what to do; nothing is blocked."""
    machine.install("codemem", version=version)

    told = json.loads(machine.run("session-start-hook.sh"))

    assert told["continue"] is True
    assert "uv tool install --upgrade codemem" in told["systemMessage"]
    assert machine.run("user-prompt-hook.sh") == GO_ON


def test_a_new_session_is_kept_and_answered(machine: Machine) -> None:
    """What the inject command says of the start goes to the model."""
    machine.install("codemem")

    assert machine.run("session-start-hook.sh") == '{"a": 1}\n'
    assert machine.seen(2) == [f"claude-hook-ingest {PAYLOAD}", f"claude-hook-inject {PAYLOAD}"]


def test_scripts_are_plain_posix_shell() -> None:
    """Shellcheck finds nothing in them."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    scripts = sorted((PLUGIN / "scripts").glob("*.sh"))

    done = subprocess.run(
        [shellcheck, "-x", "-P", "SCRIPTDIR", *scripts], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""
    assert done.returncode == 0


def test_failed_ingest_is_logged(machine: Machine) -> None:
    """The session goes on; the log names the failure."""
    machine.install("codemem", code=3)

    assert machine.run("ingest-hook.sh") == ""
    log = (machine.home / ".codemem" / "plugin.log").read_text()
    assert "claude-hook-ingest failed with 3" in log


def test_inject_prints_the_answer_alone(machine: Machine) -> None:
    """What the command writes elsewhere does not reach the prompt."""
    machine.install("codemem", answer='{"continue": true, "x": 1}')

    assert machine.run("inject-context-hook.sh") == '{"continue": true, "x": 1}\n'


@pytest.mark.parametrize("answer", ["", "Traceback", "note {}"])
def test_inject_prints_no_nonsense(machine: Machine, answer: str) -> None:
    """Anything but one JSON object would be told to the model as it is."""
    machine.install("codemem", answer=answer)

    assert machine.run("inject-context-hook.sh") == GO_ON


def test_inject_uses_uvx_only_when_allowed(machine: Machine) -> None:
    """A second at every prompt is the user's choice."""
    machine.install("uvx")

    assert machine.run("inject-context-hook.sh") == GO_ON
    assert (
        machine.run("inject-context-hook.sh", CODEMEM_INJECT_ALLOW_UVX="1", CODEMEM_RUNNER="uvx")
        == '{"a": 1}\n'
    )
    assert machine.seen(1) == [f"{FETCHED} claude-hook-inject {PAYLOAD}"]


def test_prompt_is_kept_and_answered(machine: Machine) -> None:
    """One payload goes both ways, and nothing of it to a file."""
    machine.install("codemem")
    payload = '{"hook_event_name":"UserPromptSubmit","prompt":"%s $HOME `date` \\\\n"}'

    assert machine.run("user-prompt-hook.sh", payload) == '{"a": 1}\n'
    assert machine.seen(2) == [f"claude-hook-ingest {payload}", f"claude-hook-inject {payload}"]


def test_empty_stdin(machine: Machine) -> None:
    """Nothing in, nothing out, but what the host expects."""
    machine.install("uvx")

    assert machine.run("user-prompt-hook.sh", "") == GO_ON
    assert machine.run("inject-context-hook.sh", "") == GO_ON
    assert machine.run("ingest-hook.sh", "") == ""
    assert machine.seen(0) == []


@pytest.mark.parametrize("word", ["1", "true", "yes", "on"])
def test_ignored_process_is_left_alone(machine: Machine, word: str) -> None:
    """An observer's child must not feed the memory it is writing."""
    machine.install("codemem")

    assert machine.run("user-prompt-hook.sh", CODEMEM_PLUGIN_IGNORE=word) == GO_ON
    assert machine.run("ingest-hook.sh", CODEMEM_PLUGIN_IGNORE=word) == ""
    assert machine.seen(0) == []


def test_program_of_the_project_is_not_run(machine: Machine, tmp_path: Path) -> None:
    """A relative folder in PATH, or one in the project, lets a repository bring its codemem."""
    project = tmp_path / "project"
    (project / "bin").mkdir(parents=True)
    machine.install("codemem")
    (machine.bin / "codemem").rename(project / "bin" / "codemem")

    for folder in ("bin", ".", "", str(project / "bin"), f"{project}/../project/bin"):
        path = f"{folder}:{machine.bin}"
        assert machine.run("inject-context-hook.sh", cwd=project, PATH=path) == GO_ON
    assert machine.seen(0) == []


@pytest.mark.parametrize(
    ("installed", "expected"),
    [(VERSION, "mcp"), ("0.19.0", f"{FETCHED} mcp"), ("1.99", f"{FETCHED} mcp")],
)
def test_mcp_server_is_the_installed_one_or_uvx(
    machine: Machine, installed: str, expected: str
) -> None:
    """The MCP server is of the plugin's version too."""
    machine.install("codemem", version=installed)
    machine.install("uvx")

    machine.run("mcp.sh", CODEMEM_RUNNER="uvx")

    assert machine.seen(1) == [f"{expected} {PAYLOAD}"]


def test_the_mcp_server_is_started_in_the_sessions_folder(machine: Machine, tmp_path: Path) -> None:
    """Its tools look at the project of that folder."""
    program = machine.bin / "codemem"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo {VERSION} || pwd\n')
    program.chmod(0o755)

    assert machine.run("mcp.sh", cwd=tmp_path).strip() == str(tmp_path)
