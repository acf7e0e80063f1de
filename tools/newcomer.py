"""Walk a newcomer's twelve steps and count commands, seconds and lines read.

Run from a checkout: `python tools/newcomer.py`. Everything happens in a temporary home; the agents
are stand-ins, the session is the recorded one of `codemem demo`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SESSION = ROOT / "codemem_claude/src/codemem_claude/demo/session.jsonl"
WAIT_S = 120.0
"""How long the server may take to start and to make memories of the session."""
LATER = "The VAT figures on the printed invoice do not add up. Is our sum wrong?"


@dataclass(slots=True)
class Step:
    """What a step took."""

    name: str
    commands: int = 0
    seconds: float = 0.0
    lines: int = 0


class Newcomer:
    """A person with an empty home, and what each step cost them."""

    def __init__(self, home: Path, python: str) -> None:
        self.home = home
        self.python = python
        self.steps: list[Step] = []
        self.bin = home / ".local" / "bin"
        kept = ("UV_", "SSL_", "PIP_", "LANG", "LC_")
        self.environ = {k: v for k, v in os.environ.items() if k.startswith(kept)} | {
            "HOME": str(home),
            "PATH": f"{self.bin}:{home / 'agents'}:/usr/bin:/bin",
            "UV_TOOL_DIR": str(home / ".local" / "tools"),
            "UV_TOOL_BIN_DIR": str(self.bin),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
        }

    def step(self, name: str) -> None:
        """Begin a step."""
        self.steps.append(Step(name))

    def run(self, *command: str, stdin: str = "", code: int = 0, hidden: bool = False) -> str:
        """Run a command of the present step; `hidden` is what an agent runs, not the person."""
        began = time.perf_counter()
        done = subprocess.run(
            command,
            input=stdin,
            env=self.environ,
            cwd=self.home / "shop",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != code:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
        if not hidden:
            step = self.steps[-1]
            step.commands += 1
            step.seconds += time.perf_counter() - began
            step.lines += len((done.stdout + done.stderr).splitlines())
        return done.stdout

    def codemem(self, *arguments: str, stdin: str = "", code: int = 0, hidden: bool = False) -> str:
        """Run the installed program."""
        return self.run("codemem", *arguments, stdin=stdin, code=code, hidden=hidden)

    def found(self, query: str) -> int:
        """Return the id of the best match of a search."""
        items = json.loads(self.codemem("search", query, "--all-projects", "--json", hidden=True))
        return int(items["items"][0]["id"])

    def memories(self) -> int:
        """Return how many memories there are."""
        listed = self.codemem("log", "--all-projects", "--json", hidden=True)
        return len(json.loads(listed)["items"])

    def session(self) -> None:
        """Let the agent work: its hooks send the recorded session."""
        for line in SESSION.read_text(encoding="utf-8").splitlines():
            payload = json.dumps(json.loads(line)["payload"])
            self.codemem("claude-hook-ingest", stdin=payload, hidden=True)
        until = time.monotonic() + WAIT_S
        while not self.memories():
            if time.monotonic() > until:
                raise SystemExit("the session left no memory")
            time.sleep(1)


def begin(person: Newcomer, uv: str) -> None:
    """Install, look, connect two agents, and work with one of them."""
    person.step("install")
    person.run(uv, "tool", "install", "--python", person.python, str(ROOT))
    person.step("demo")
    person.codemem("demo")
    person.step("setup, no agent")
    person.codemem("setup", code=2)
    person.step("setup, two agents")
    _stand_ins(person.home)
    person.codemem("setup", "--yes")
    person.step("first session")
    person.session()
    person.codemem()


def correct(person: Newcomer) -> None:
    """Find a memory, see why it was given, correct it, take that back, forget it."""
    person.step("where is it")
    person.codemem("log", "--all-projects")
    chosen = person.found("never add up Line.vat")
    person.codemem("show", str(chosen))
    person.step("why was that given")
    prompt = {"hook_event_name": "UserPromptSubmit", "session_id": "later", "prompt": LATER}
    person.codemem("claude-hook-inject", stdin=json.dumps(prompt), hidden=True)
    person.codemem("why", str(chosen))
    person.step("correct it")
    person.codemem("edit", str(chosen), "--title", "Totals never add up rounded lines")
    person.step("undo")
    person.codemem("undo")
    person.step("search")
    person.codemem("search", "VAT", "rounding", "--all-projects")
    person.step("forget")
    person.codemem("forget", str(chosen))


def end(person: Newcomer, uv: str) -> None:
    """Leave nothing behind."""
    person.step("uninstall")
    person.codemem("setup", "--uninstall")
    person.codemem("serve", "stop")
    person.run(uv, "tool", "uninstall", "codemem")


def _stand_ins(home: Path) -> None:
    """Put two agents on PATH that answer like ones without a plugin."""
    (home / ".claude").mkdir()
    (home / ".config" / "opencode").mkdir(parents=True)
    for name in ("claude", "opencode"):
        program = home / "agents" / name
        program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 2.1.0\nexit 0\n')
        program.chmod(0o755)


def main() -> None:
    """Print what each step took."""
    uv = str(Path(sys.executable).parent / "uv")
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        home = Path(folder)
        for name in ("shop", "agents"):
            (home / name).mkdir()
        person = Newcomer(home, sys.executable)
        try:
            begin(person, uv)
            correct(person)
            end(person, uv)
        finally:
            for step in person.steps:
                row = f"{step.name:20} {step.commands:2} commands {step.seconds:6.1f} s"
                sys.stdout.write(f"{row} {step.lines:4} lines\n")
            total = [
                sum(getattr(s, f) for s in person.steps) for f in ("commands", "seconds", "lines")
            ]
            sys.stdout.write(
                f"{'all':20} {total[0]:2} commands {total[1]:6.1f} s {total[2]:4} lines\n"
            )


if __name__ == "__main__":
    main()
