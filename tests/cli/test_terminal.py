"""What a person sees: commands on a terminal of 80 and of 140 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from codemem_cli.display.terminal import cells

GOLDEN = Path(__file__).parent / "golden" / "terminal"
COMMANDS = {
    "overview": [],
    "log": ["log", "--all-projects", "-n", "12"],
    "sessions": ["sessions", "--all-projects", "-n", "6"],
    "search": ["search", "VAT", "rounding", "--all-projects", "--limit", "3"],
    "show": ["show", "7"],
    "why": ["why", "2"],
    "why-prompt": ["why", "round VAT on invoices", "--all-projects"],
}
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CHANGING = (
    (re.compile(r"(?<=\s)([ \d]\d[mhdwy]|now)(?=  )|(?<=claude |encode )(\d+[mhdwy]|now)"), "<a>"),
    (re.compile(r"\d+[mhdwy] ago|\d+ (d|h|min) ago|just now"), "<ago>"),
    (re.compile(r"\b\d\.\d\d\b"), "<n>"),
)


def on_terminal(arguments: list[str], *, columns: int, database: Path) -> str:
    """Run the program on a terminal and return what it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    environ = {"HOME": os.environ["HOME"], "CODEMEM_DB": str(database), "TZ": "UTC"}
    program = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environ, "TERM": "xterm-256color", "PATH": os.environ["PATH"]},
    )
    os.close(theirs)
    written = b""
    while chunk := _read(ours):
        written += chunk
    os.close(ours)
    assert program.wait() == 0, written.decode()
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the program has ended
        return b""


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_person_sees_what_was_agreed(
    name: str, columns: int, put: Callable[[Path], Path], seeded: Path
) -> None:
    """No line is wider than the terminal; `WRITE_GOLDEN=1` writes the files anew."""
    database = put(seeded)

    shown = on_terminal(COMMANDS[name], columns=columns, database=database)

    bare = _COLOUR.sub("", shown)
    assert max(map(cells, bare.splitlines())) <= columns
    steady = bare
    for pattern, stands_for in _CHANGING:
        steady = pattern.sub(stands_for, steady)
    golden = GOLDEN / f"{name}-{columns}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(steady, encoding="utf-8")
    assert steady == golden.read_text(encoding="utf-8")


def test_kinds_are_coloured(put: Callable[[Path], Path], seeded: Path) -> None:
    """A bug fix is red."""
    database = put(seeded)

    shown = on_terminal(["log", "--all-projects", "-n", "1"], columns=80, database=database)

    assert "\x1b[31mbugfix" in shown
