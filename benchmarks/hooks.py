"""Measure the hook commands as processes, with the server up: `python benchmarks/hooks.py`.

Each round runs `python -c pass` and both hooks in turn, so that other load on the machine hits all
of them; printed are medians and their ratio to bare Python. The database holds 10,000 memories.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from codemem_claude.demo.command import recorded_payloads
from codemem_core import paths
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store

ROUNDS = 60
CODEMEM = str(Path(sys.executable).with_name("codemem"))
TOPICS = "cache parser invoice login export scheduler search upload billing report".split()


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        database = f"{home}/mem.sqlite"
        with Store.open(database) as store:
            store.write(fill)
        environ = {"HOME": home, "PATH": os.environ["PATH"], "CODEMEM_DB": database}
        server = subprocess.Popen(
            [CODEMEM, "serve", "--port", "0"], env=environ, stdout=subprocess.DEVNULL
        )
        try:
            while not os.path.exists(paths.socket_path(database)):
                time.sleep(0.05)
            report(measure(environ))
        finally:
            server.terminate()
            server.wait()


def fill(db: object) -> None:
    """Write 10,000 memories of the recorded session's project."""
    session = sessions.by_hand(db, project="invoicing", cwd=None, now_ms=1)
    for n in range(10_000):
        topic, other = TOPICS[n % 10], TOPICS[n // 10 % 10]
        body = f"The {topic} of module {n} failed when the {other} was empty; fixed in step {n}."
        new = NewMemory(
            key=f"k{n}", kind="bugfix", title=f"Fix {topic} {n}", body=body, origin="user"
        )
        memories.add(db, new, session_id=session, now_ms=n)


def measure(environ: dict[str, str]) -> dict[str, list[tuple[float, float]]]:
    """Run every command in turns; return wall and processor milliseconds of each run."""
    by_hook = {payload["hook_event_name"]: payload for payload in recorded_payloads()}
    tool, prompt = (
        json.dumps(by_hook[name]).encode() for name in ("PostToolUse", "UserPromptSubmit")
    )
    commands = {
        "python -c pass": ([sys.executable, "-c", "pass"], b""),
        "claude-hook-ingest": ([CODEMEM, "claude-hook-ingest"], tool),
        "claude-hook-inject": ([CODEMEM, "claude-hook-inject"], prompt),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, (argv, stdin) in commands.items():
            taken[name].append(run_ms(argv, stdin, environ))
    return taken


def run_ms(argv: list[str], stdin: bytes, environ: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its wall and its processor time in milliseconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, input=stdin, env=environ, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * used


def report(taken: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians and ratios to the first command."""
    middle = {name: [median(each) for each in zip(*t, strict=True)] for name, t in taken.items()}
    bare = middle["python -c pass"]
    for name, (wall, used) in middle.items():
        ratios = f"{wall / bare[0]:5.2f} x wall {used / bare[1]:5.2f} x processor"
        sys.stdout.write(f"{name:20}{wall:8.1f} ms wall{used:8.1f} ms processor   {ratios}\n")


if __name__ == "__main__":
    main()
