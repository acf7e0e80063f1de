"""Measure what the OpenCode plugin adds to prompts and tool calls: `benchmarks/opencode.py`.

The server is warm, the database holds 10,000 memories, every prompt asks something new. It runs in
Node, or with `--opencode PATH` in the Bun that this OpenCode brings. `--check` fails above the
limits.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from hooks import fill

from codemem_core import paths
from codemem_core.store.engine.store import Store

ROUNDS = 200
LIMITS_MS = {"prompt": 25.0, "tool": 2.0}
CODEMEM = Path(sys.executable).with_name("codemem")
ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "codemem_opencode/src/codemem_opencode/opencode_plugin"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What the OpenCode plugin adds.")
    parser.add_argument("--opencode", help="run in the Bun of this OpenCode")
    parser.add_argument("--check", action="store_true", help="fail above the limits")
    options = parser.parse_args()
    runtime = [options.opencode or shutil.which("node") or "node"]
    with tempfile.TemporaryDirectory(prefix="cm") as home:
        environ = {
            **{"HOME": home, "CODEMEM_DB": f"{home}/mem.sqlite", "CODEMEM_VIEWER_AUTO": "0"},
            **{"PATH": f"{CODEMEM.parent}:{os.environ['PATH']}", "BUN_BE_BUN": "1"},
        }
        with Store.open(environ["CODEMEM_DB"]) as store:
            store.write(fill)
        project = Path(home, "invoicing")
        project.mkdir()
        with server(environ):
            script = Path(__file__).with_suffix(".mjs")
            argv = [*runtime, str(script), str(PLUGIN), str(project), str(ROUNDS)]
            done = subprocess.run(argv, env=environ, stdout=subprocess.PIPE, check=True)
        check_that_nothing_was_lost(environ["CODEMEM_DB"])
    report(json.loads(done.stdout), bare=bare_python_ms(), check=options.check)


@contextmanager
def server(environ: dict[str, str]) -> Iterator[None]:
    """Run the real server."""
    command = [str(CODEMEM), "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    while not os.path.exists(paths.socket_path(environ["CODEMEM_DB"])):
        time.sleep(0.05)
    yield
    process.terminate()
    process.wait()


def check_that_nothing_was_lost(database: str) -> None:
    """Compare what happened with what is stored: a prompt and a tool call a round."""
    with Store.open(database) as store, store.read() as db:
        stored = db.execute("SELECT count(*) FROM raw_events").get
    if stored != 2 * ROUNDS:
        raise SystemExit(f"events were lost: {stored} of {2 * ROUNDS}")


def bare_python_ms() -> float:
    """Return the median time of an empty Python: what the machine is busy with slows it as well."""
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


def report(taken: dict[str, list[float]], *, bare: float, check: bool) -> None:
    """Print median, 95th percentile and slowest of each, and how many prompts got memories."""
    sys.stdout.write(f"{taken.pop('injected')} of {ROUNDS} prompts got memories\n")
    late = []
    for name, ms in taken.items():
        p95, middle = ms[int(len(ms) * 0.95)], median(ms)
        limit = LIMITS_MS[name]
        late += [name] if middle > limit else []
        figures = f"median {middle:.2f} ms, p95 {p95:.2f} ms, slowest {ms[-1]:.2f} ms"
        ratio = f"{middle / bare:.2f} x `python -c pass`"
        sys.stdout.write(f"added to a {name}: {figures}, {ratio} (limit {limit:g} ms median)\n")
    if check and late:
        raise SystemExit(f"too slow: {', '.join(late)}")


if __name__ == "__main__":
    main()
