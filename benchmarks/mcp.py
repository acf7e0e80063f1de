"""Measure how long an agent waits for `codemem mcp`: `python benchmarks/mcp.py`.

Each round starts bare Python and an MCP server in turn, with the local server warm and without it,
until `initialize` is answered; then a search among 10,000 memories; then the end of standard input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

ROUNDS = 20
MEMORIES = 10_000
WARM_S = 15.0
"""How long a server may take to load the SDK beside its other work."""
CODEMEM = str(Path(sys.executable).with_name("codemem"))
CLIENT = {"name": "benchmark", "version": "1"}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": CLIENT}
SEARCH = {"name": "memory_search_index", "arguments": {"query": "cache parser", "project": "*"}}


def main() -> None:
    """Print the figures: milliseconds, median and worst, and times bare Python."""
    with tempfile.TemporaryDirectory() as home:
        environ = {"HOME": home, "PATH": os.environ["PATH"], "CODEMEM_VIEWER_PORT": "0"}
        fill(f"{home}/.codemem/mem.sqlite")
        codemem("serve", "start", environ=environ)
        warm = time.monotonic() + WARM_S
        while time.monotonic() < warm and one(environ)["initialize"] > 300:
            time.sleep(0.5)
        report("warm server", [one(environ) for _ in range(ROUNDS)])
        codemem("serve", "stop", environ=environ)
        report("no server", [one(environ) for _ in range(ROUNDS // 4)])


def fill(path: str) -> None:
    """Write a database that has seen some weeks of work."""
    topics = "cache parser invoice login export scheduler search upload billing report".split()
    with Store.open(path) as store:

        def add(db: apsw.Connection) -> None:
            session = sessions.by_hand(db, project="p", cwd=None, now_ms=1)
            for number in range(MEMORIES):
                one, other = topics[number % 10], topics[number // 10 % 10]
                text = f"The {one} and the {other} meet in step {number}"
                told: dict[str, Any] = {"kind": "change", "origin": "user"}
                new = NewMemory(key=str(number), title=text, body=text, **told)
                memories.add(db, new, session_id=session, now_ms=number + 1)

        store.write(add)


def one(environ: dict[str, str]) -> dict[str, float]:
    """Return what each step of one session took, in milliseconds."""
    took = {}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], env=environ, check=True)
    took["python -c pass"] = time.perf_counter() - start

    start = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen([CODEMEM, "mcp"], stdin=pipe, stdout=pipe, env=environ) as child:
        assert child.stdin
        assert child.stdout
        for step, method, params in (
            ("initialize", "initialize", HELLO),
            ("search", "tools/call", SEARCH),
        ):
            request = {"jsonrpc": "2.0", "id": step, "method": method, "params": params}
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            assert "result" in json.loads(child.stdout.readline())
            took[step] = time.perf_counter() - start
            start = time.perf_counter()
        child.stdin.close()
        child.wait()
        took["end"] = time.perf_counter() - start
    return {name: 1000 * seconds for name, seconds in took.items()}


def report(name: str, rounds: list[dict[str, float]]) -> None:
    """Print a line a step."""
    bare = median(each["python -c pass"] for each in rounds)
    for step in rounds[0]:
        taken = [each[step] for each in rounds]
        middle = median(taken)
        figures = f"{middle:7.1f} ms, worst {max(taken):7.1f}, {middle / bare:5.1f} x"
        sys.stdout.write(f"{name:12} {step:15} {figures}\n")


def codemem(*arguments: str, environ: dict[str, str]) -> None:
    """Run codemem to its end."""
    subprocess.run([CODEMEM, *arguments], env=environ, check=True, capture_output=True)


if __name__ == "__main__":
    main()
