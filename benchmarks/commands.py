"""Measure what people type as processes: `python benchmarks/commands.py`.

Each round runs bare Python and every command in turn, so that other load hits all of them. The
database holds 10,000 memories. Times are medians; what counts is how often `python -c pass` fits.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

ROUNDS = 20
MEMORIES = 10_000
CODEMEM = str(Path(sys.executable).with_name("codemem"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "version": [CODEMEM, "version"],
    "stats": [CODEMEM, "stats"],
    "history": [CODEMEM, "history"],
    "status": [CODEMEM, "status"],
    "recent": [CODEMEM, "recent", "--all-projects"],
    "search": [CODEMEM, "search", "invoice", "--all-projects"],
    "--help": [CODEMEM, "--help"],
}


def main() -> None:
    """Print the figures."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        database = f"{home}/mem.sqlite"
        _fill(database)
        environ = {**os.environ, "HOME": home, "CODEMEM_DB": database}
        for _ in range(ROUNDS):
            for name, argv in COMMANDS.items():
                taken[name].append(_run(argv, environ))
    bare = [median(column) for column in zip(*taken["python -c pass"], strict=True)]
    sys.stdout.write(f"{'':16}{'wall ms':>9}{'times':>7}{'CPU ms':>9}{'times':>7}\n")
    for name, rounds in taken.items():
        wall, cpu = (median(column) for column in zip(*rounds, strict=True))
        sys.stdout.write(
            f"{name:16}{wall:9.1f}{wall / bare[0]:7.1f}{cpu:9.1f}{cpu / bare[1]:7.1f}\n"
        )


def _fill(database: str) -> None:
    with Store.open(database) as store:
        session = store.write(lambda db: sessions.by_hand(db, project="p", cwd=None, now_ms=1))
        new = [
            NewMemory(key=str(n), kind="note", title=f"invoice {n}", body="b " * 200, origin="user")
            for n in range(MEMORIES)
        ]
        store.write(
            lambda db: [memories.add(db, each, session_id=session, now_ms=1) for each in new]
        )


def _run(argv: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Return wall and CPU time of a process, milliseconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, env=environ, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * cpu


if __name__ == "__main__":
    main()
