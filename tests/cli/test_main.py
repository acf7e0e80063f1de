"""The program's edges: hooks that never fail, errors in one line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codemem_core.commands import output

BROKEN = """
import sys
import codemem_claude.ingest
codemem_claude.ingest.main = lambda arguments: 1 / 0
sys.argv[1:] = ["claude-hook-ingest"]
from codemem_cli.main import main
main()
"""
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bug_in_a_hook_is_logged_and_the_host_goes_on(home: Path) -> None:
    """Exit 0, nothing printed; the log names what happened."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "ZeroDivisionError" in (home / ".codemem/plugin.log").read_text()


@pytest.mark.parametrize("command", ["claude-hook-ingest", "claude-hook-inject"])
@pytest.mark.parametrize(
    "stdin",
    [
        "",
        "not json",
        "[]",
        '{"hook_event_name": 3, "session_id": []}',
        '{"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": {"a": 1}}',
        '{"hook_event_name": "Unheard", "session_id": "s"}',
        '{"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "\\ud800 \\u0000"}',
        "[" * 100_000,
        json.dumps({"hook_event_name": "Stop", "session_id": "s", "x": "y" * 10_000_000}),
    ],
    ids=["empty", "text", "list", "types", "object", "unknown", "surrogate", "deep", "10 MB"],
)
def test_bad_input_never_fails_a_hook(command: str, stdin: str) -> None:
    """Exit 0, and only what the host expects on standard output."""
    done = run(command, stdin=stdin)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if command.endswith("ingest") else '{"continue": true}\n')


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["show", "99"], "", "no such memory: `99`"),
        (["forget", "99"], "", "no such memory: `99`"),
        (["remember", "note", " ", "x"], "", "a memory needs a title and a body"),
        (["enqueue-raw-event"], "not json", "invalid json"),
        (["enqueue-raw-event"], "[" * 100_000, "invalid json: nested too deeply"),
        (["enqueue-raw-event"], '{"event_type": "x"}', "session id required"),
        (["stats", "--db-path", "/proc/nowhere/x"], "", "cannot create the database"),
    ],
)
def test_an_error_is_one_line_and_a_hint(arguments: list[str], stdin: str, said: str) -> None:
    """Never a traceback, never exit 0."""
    done = run(*arguments, stdin=stdin)

    first, *more = done.stderr.splitlines()
    assert said in first
    assert done.returncode > 0
    assert all(line.startswith("hint: ") for line in more)


def test_an_unknown_command_names_itself() -> None:
    """Click's own errors keep their form and exit code."""
    done = run("nonsense")

    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_json_on_standard_output_is_json() -> None:
    """No wrapping, no markup, whatever the width."""
    run("remember", "note", "[bold]A title[/bold] " + "long " * 60, "A body with \x1b[31m colour")

    found = json.loads(run("recent", "--all-projects", "--json").stdout)

    assert found["items"][0]["title"].startswith("[bold]A title[/bold] long long")


def test_a_dash_is_standard_input() -> None:
    """Other users can read a command's arguments; a note of a model is its own, not the user's."""
    run("remember", "note", "Zebra", "-", "--by-model", "--project", "p", stdin="It has stripes.")

    packed = run("pack", "-", "--injected", "--project", "p", stdin="zebra stripes")
    shown = json.loads(run("show", "1").stdout)

    assert json.loads(packed.stdout)["pack_text"].startswith("<codemem-memory-")
    assert (shown["body"], shown["origin"]) == ("It has stripes.", "agent")


def test_memory_text_cannot_drive_the_terminal() -> None:
    """Escape sequences are shown, not sent."""
    run("remember", "note", "A title", "red \x1b[31m bell \x07 rtl \u202e end")

    shown = run("recent", "--all-projects").stdout

    assert "\x1b" not in shown
    assert "\\x1b[31m" in shown
    assert "\\u202e" in shown


def test_long_work_says_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal; the line is wiped when it is done, and elsewhere there is none."""
    monkeypatch.setattr(output, "_TELL_S", 0.001)
    with output.working("Checking"):
        time.sleep(0.05)
    elsewhere = capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with output.working("Checking"):
        time.sleep(0.05)
    told = capsys.readouterr().err

    assert elsewhere == ""
    assert told.startswith("\rChecking: 0 s\r")
    assert told.endswith("\r\x1b[K")


@pytest.mark.parametrize(
    "shell",
    [
        "PYTHONIOENCODING=latin-1 {program} remember note 日本 🚀 && "
        "PYTHONIOENCODING=latin-1 {program} recent",
        "{program} remember note \"$(printf 'caf\\351')\" body",
        "{program} recent >&-",
        "{program} recent 2>&-",
        "{program} version <&-",
        "{program} claude-hook-ingest <&-",
        "mkdir gone; cd gone; rmdir ../gone; {program} recent",
    ],
)
def test_any_terminal_will_do(tmp_path: Path, shell: str) -> None:
    """Old locales, stray bytes, closed streams and a deleted folder end no command."""
    program = f"{sys.executable} -c '{RUN}'"
    done = subprocess.run(
        ["bash", "-c", shell.format(program=program)],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
