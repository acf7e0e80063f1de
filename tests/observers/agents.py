"""Programs that stand in for `claude` and `opencode` and write down how they were run."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python}
import json, os, subprocess, sys, time
folder = {folder!r}
stdin = sys.stdin.read()
runs = len([name for name in os.listdir(folder) if name.startswith("run-")])
told = dict(argv=sys.argv[1:], env=dict(os.environ), cwd=os.getcwd(), stdin=stdin)
told.update(pgid=os.getpgid(0), pid=os.getpid(), files=os.listdir("."))
told["mode"] = os.stat(os.path.dirname(os.getcwd())).st_mode & 0o777
told["tmpdir"] = os.listdir(os.environ["TMPDIR"])
with open(os.path.join(folder, f"run-{{runs}}"), "w") as file:
    json.dump(told, file)
with open(os.path.join(folder, "script")) as file:
    exec(file.read())
"""


@dataclass(frozen=True, slots=True)
class Agent:
    """A program on disk and what it wrote down."""

    path: Path

    @property
    def folder(self) -> Path:
        """Where its notes are."""
        return self.path.parent / "notes"

    def does(self, script: str) -> None:
        """Set what it does after taking notes; a piece of Python that knows `runs` and `argv`."""
        (self.folder / "script").write_text(script)

    def says(self, *lines: object, code: int = 0) -> None:
        """Set what it prints, one JSON value a line."""
        text = "\n".join(json.dumps(line) for line in lines)
        self.does(f"print({text!r}, flush=True)\nraise SystemExit({code})")

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What it wrote down, run by run."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("run-*"))]


def make_agent(folder: Path, name: str) -> Agent:
    """Put the program into a folder of its own and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    agent = Agent(folder / name)
    agent.folder.mkdir()
    agent.path.write_text(_PROGRAM.format(python=sys.executable, folder=str(agent.folder)))
    agent.path.chmod(0o755)
    return agent


def ends(pid: int) -> bool:
    """Wait until a killed process is gone, up to 10 s; it would sleep for 60."""
    for _ in range(1_000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":  # killed, and not yet collected by its new parent
            return True
        time.sleep(0.01)
    return False
