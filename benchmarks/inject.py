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
INJECT = "import sys; from codemem_claude.inject import main; sys.exit(main([]))"
IMPORT = "import codemem_claude.inject"
PROMPT = "the date parser test fails on ISO timestamps with an offset, please fix src/dates.py"


def run_ms(code: str, given: bytes, environ: dict[str, str]) -> tuple[float, float]:
    """Run Python code in a process; return its wall time and its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        env=environ,
        stdout=subprocess.DEVNULL,
        check=True,
    )
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
        commands = {"pass": "pass", "import": IMPORT, "inject": INJECT}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, code in commands.items():
                taken[name].append(run_ms(code, payload, environ))
    for name, times in taken.items():
        wall, used = (median(each) for each in zip(*times, strict=True))
        sys.stdout.write(f"{name:8}{wall:8.1f} ms wall{used:8.1f} ms processor\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
