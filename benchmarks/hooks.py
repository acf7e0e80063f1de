"""Measure the hook commands as processes: `python benchmarks/hooks.py`.

With the server up each round runs bare Python, `sh -c curl` and both hooks in turn, so that other
load on the machine hits all of them. Then the hooks without a server, with a stopped one and with
a socket that never answers; then 20 at once. The database holds 10,000 memories.
"""

from __future__ import annotations

import json
import operator
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from codemem_claude.demo.command import recorded_payloads
from codemem_core import paths
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

ROUNDS = 60
SLOW_ROUNDS = 5
"""Each takes the whole time limit."""
AT_ONCE = 20
TOGETHER = 4
"""Tools an agent runs side by side."""
LIMIT_S = 2.0
"""What a hook may take when nobody answers; it gets 0.2 s more."""
CODEMEM = str(Path(sys.executable).with_name("codemem"))
BARE = [sys.executable, "-c", "pass"]
INGEST, INJECT = [CODEMEM, "claude-hook-ingest"], [CODEMEM, "claude-hook-inject"]
TOPICS = "cache parser invoice login export scheduler search upload billing report".split()

Taken = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        bench = Bench(home)
        with bench.server():
            report("server up", bench.in_turns(ROUNDS, bench.with_curl()))
            bench.many_at_once()
        report("no server", bench.in_turns(ROUNDS // 3, bench.hooks()))
        with bench.server() as server:
            os.kill(server.pid, signal.SIGSTOP)
            report("server hung", bench.in_turns(SLOW_ROUNDS, bench.hooks()))
            os.kill(server.pid, signal.SIGCONT)
        with squatted(bench.socket):
            report("socket squatted", bench.in_turns(SLOW_ROUNDS, bench.hooks()))
        bench.check_that_nothing_was_lost()


class Bench:
    """A home with a filled database, and what was sent to it."""

    def __init__(self, home: str) -> None:
        self.database = f"{home}/mem.sqlite"
        self.socket = paths.socket_path(self.database)
        self.environ = {"HOME": home, "PATH": os.environ["PATH"], "CODEMEM_DB": self.database}
        by_hook = {payload["hook_event_name"]: payload for payload in recorded_payloads()}
        self._tool = by_hook["PostToolUse"]
        self._prompt = json.dumps(by_hook["UserPromptSubmit"]).encode()
        self._sent = 0
        with Store.open(self.database) as store:
            store.write(fill)

    def tool(self) -> bytes:
        """Return the payload of another tool use."""
        self._sent += 1
        return json.dumps(self._tool | {"tool_use_id": f"toolu_{self._sent}"}).encode()

    def hooks(self) -> dict[str, tuple[list[str], Callable[[], bytes]]]:
        """Return what is compared: names, commands and what they read."""
        return {
            "python -c pass": (BARE, bytes),
            "claude-hook-ingest": (INGEST, self.tool),
            "claude-hook-inject": (INJECT, lambda: self._prompt),
        }

    def with_curl(self) -> dict[str, tuple[list[str], Callable[[], bytes]]]:
        """Return the same, and the cheapest hook anybody could write."""
        post = f"curl -s -o /dev/null --unix-socket {self.socket} -H 'Content-Type:"
        post += " application/json' --data-binary @- http://localhost/api/claude-hooks"
        curl = {"sh -c curl": (["sh", "-c", post], self.tool)} if shutil.which("curl") else {}
        return {**self.hooks(), **curl}

    @contextmanager
    def server(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the real server."""
        command = [CODEMEM, "serve", "--port", "0"]
        server = subprocess.Popen(command, env=self.environ, stdout=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            time.sleep(0.05)
        yield server
        server.terminate()
        server.wait()

    def in_turns(
        self, rounds: int, commands: dict[str, tuple[list[str], Callable[[], bytes]]]
    ) -> Taken:
        """Run every command in turns; return wall and processor milliseconds of each run."""
        taken: Taken = {name: [] for name in commands}
        for _ in range(rounds):
            for name, (argv, stdin) in commands.items():
                taken[name].append(run_ms(argv, stdin(), self.environ))
        return taken

    def a_second(self, argv: list[str], stdin: Callable[[], bytes]) -> float:
        """Return how many runs of a command end in a second, four at a time."""
        payloads = [stdin() for _ in range(TOGETHER * 10)]
        began = time.perf_counter()
        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(lambda payload: run_ms(argv, payload, self.environ), payloads))
        return len(payloads) / (time.perf_counter() - began)

    def many_at_once(self) -> None:
        """Start 20 hooks together, ten times; compare the slowest with one alone.

        Bare Python started 20 times at once shows what of it is the machine.
        """
        for name, argv, stdin in (("ingest", INGEST, self.tool), ("python", BARE, bytes)):
            alone = median(run_ms(argv, stdin(), self.environ)[0] for _ in range(20))
            together = []
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for _ in range(10):
                    runs = [
                        pool.submit(run_ms, argv, stdin(), self.environ) for _ in range(AT_ONCE)
                    ]
                    together += [run.result()[0] for run in runs]
            p95 = sorted(together)[int(len(together) * 0.95)]
            say(f"{AT_ONCE} x {name} at once: p95 {p95:.0f} ms, {p95 / alone:.1f} x one alone")

    def check_that_nothing_was_lost(self) -> None:
        """Compare what was sent with what is stored."""
        with Store.open(self.database) as store, store.read() as db:
            stored = db.execute("SELECT count(*) FROM raw_events").get
        say(f"sent {self._sent}, stored {stored}")
        if stored != self._sent:
            raise SystemExit("events were lost")


def throughput(*, rounds: int) -> dict[str, float]:
    """Return how many hooks a second end acknowledged, four at a time; bare Pythons beside them.

    In turns; the ratio is the median of the rounds.
    """
    taken: dict[str, list[float]] = {"server_up": [], "no_server": [], "python": []}
    with tempfile.TemporaryDirectory() as home:
        bench = Bench(home)
        for _ in range(rounds):
            with bench.server():
                taken["server_up"].append(bench.a_second(INGEST, bench.tool))
            taken["no_server"].append(bench.a_second(INGEST, bench.tool))
            taken["python"].append(bench.a_second(BARE, bytes))
        bench.check_that_nothing_was_lost()
    ratios = {
        f"{name}_of_python": round(median(map(operator.truediv, taken[name], taken["python"])), 2)
        for name in ("server_up", "no_server")
    }
    return {name: round(median(each), 1) for name, each in taken.items()} | ratios


@contextmanager
def squatted(path: str) -> Iterator[None]:
    """Let everybody connect where the server should be, and answer nobody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as squatter:
        squatter.bind(path)
        squatter.listen(100)
        yield


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


def run_ms(argv: list[str], stdin: bytes, environ: dict[str, str]) -> tuple[float, float]:
    """Run a command; return its wall and its processor time in milliseconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, input=stdin, env=environ, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * used


def report(title: str, taken: Taken) -> None:
    """Print medians, their ratios to the first command, and the slowest run."""
    say(title)
    middle = {name: [median(each) for each in zip(*t, strict=True)] for name, t in taken.items()}
    bare = middle["python -c pass"]
    for name, (wall, used) in middle.items():
        slowest = max(wall for wall, _ in taken[name])
        late = "  TOO LATE" if slowest > 1000 * (LIMIT_S + 0.2) else ""
        ratios = f"{wall / bare[0]:6.2f} x wall {used / bare[1]:6.2f} x processor"
        say(f"  {name:20}{wall:8.1f} ms {ratios}   slowest {slowest:6.0f} ms{late}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
