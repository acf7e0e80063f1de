"""Measure `codemem claude-hook-inject` as a process: `python benchmarks/inject.py FOLDER`.

FOLDER as in `retrieval.py`; its first 10,000 memories make the database. The middle of 40 runs, in
turns with `python -c pass`, so that other load on the machine hits both.
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

from retrieval import lines_of, load

from codemem_core.store.store import Store

RUNS = 40
COMMANDS = {
    "pass": [sys.executable, "-c", "pass"],
    "import": [sys.executable, "-c", "import codemem_claude.inject"],
    "inject": [str(Path(sys.executable).with_name("codemem")), "claude-hook-inject"],
}
PROMPT = "the date parser test fails on ISO timestamps with an offset, please fix src/dates.py"


def run_ms(argv: list[str], given: bytes, environ: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its wall time and its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(argv, input=given, env=environ, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * used


def main(root: Path) -> None:
    """Print the figures."""
    docs = [doc for path in sorted(root.glob("*/*/docs.jsonl")) for doc in lines_of(path)][:10_000]
    payload = json.dumps({"session_id": "s", "cwd": "/", "prompt": PROMPT}).encode()
    with tempfile.TemporaryDirectory() as home:
        with Store.open(f"{home}/.codemem/mem.sqlite") as store:
            store.write(lambda db: load(db, docs))
            store.write(lambda db: db.execute("UPDATE memories SET project = 'demo'").fetchall())
        environ = {"HOME": home, "PATH": os.environ["PATH"], "CODEMEM_PROJECT": "demo"}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for _ in range(RUNS):
            for name, argv in COMMANDS.items():
                taken[name].append(run_ms(argv, payload, environ))
    for name, times in taken.items():
        wall, used = (median(each) for each in zip(*times, strict=True))
        sys.stdout.write(f"{name:8}{wall:8.1f} ms wall{used:8.1f} ms processor\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
