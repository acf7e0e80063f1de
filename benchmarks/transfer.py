"""Export 100,000 memories and import them into an empty database.

    python benchmarks/transfer.py [--memories 100000]

Prints times, the largest resident size of each process, how long the import keeps others from
writing, what taking it back takes, and whether both exports are equal.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

AT_MS = 1_780_000_000_000
WORDS = (
    "invoice total rounding Decimal parser cache retry timeout migration index queue lease worker"
    " header token session schema backup restore vector ranking budget prompt observer summary"
).split()


def fill(path: str, count: int) -> None:
    """Make a database of `count` memories of about 900 characters in sessions of ten."""
    with Store.open(path) as store:
        for start in range(0, count, 5000):
            store.write(lambda db, at=start: _some(db, at, min(count, at + 5000)))


def _some(db: apsw.Connection, start: int, end: int) -> None:
    session = 0
    for n in range(start, end):
        if n % 10 == 0:
            key, project = ("claude", f"s{n}"), f"project-{n % 70}"
            session = sessions.of_stream(
                db, key, project=project, cwd=f"/home/ada/{project}", started_ms=AT_MS + n
            )
        text = " ".join(WORDS[(n * 7 + i * i) % len(WORDS)] for i in range(110))
        new = NewMemory(
            key=f"bench-{n}",
            kind="discovery",
            title=f"{WORDS[n % 24]} {WORDS[n // 24 % 24]} {n}",
            body=text,
            facts=(text[:80], text[80:160]),
            files_modified=(f"src/{WORDS[n % 24]}/m{n}.py",),
            tags=("discovery", WORDS[n % 24]),
            origin="tool_repo",
            created_ms=AT_MS + n * 1000,
        )
        made = memories.add(db, new, session_id=session, now_ms=AT_MS + n * 1000)
        if made and n % 50 == 0:
            memories.forget(db, made, now_ms=AT_MS + n * 1000 + 7)


def run(*arguments: str) -> str:
    """Run a command; return its time and largest resident size."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home}
        child = subprocess.Popen([sys.executable, "-m", "codemem_cli", *arguments], env=environ)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, arguments
    return f"{time.monotonic() - began:6.1f} s  {used.ru_maxrss / 1024:6.0f} MB resident"


@contextmanager
def waiting(path: str) -> Iterator[list[float]]:
    """Lend how long each of many writes had to wait meanwhile, seconds."""
    took, over = [0.0], threading.Event()

    def write() -> None:
        db = apsw.Connection(path)
        db.set_busy_timeout(600_000)
        while not over.wait(0.05):
            began = time.monotonic()
            for step in ("BEGIN IMMEDIATE", "ROLLBACK"):
                db.execute(step)
            took.append(time.monotonic() - began)
        db.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def say(what: str, figures: str) -> None:
    """Print a line of the report."""
    sys.stdout.write(f"{what} {figures}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memories", type=int, default=100_000)
    count = parser.parse_args().memories
    with tempfile.TemporaryDirectory() as folder:
        there, here = f"{folder}/there/mem.sqlite", f"{folder}/here/mem.sqlite"
        fill(there, count)
        out, again = f"{folder}/out.json", f"{folder}/again.json"
        everything = ("--all-projects", "--include-inactive")
        say("export", run("export-memories", out, *everything, "--db-path", there))
        run("init-db", "--db-path", here)
        with waiting(here) as longest_s:
            say("import", run("import-memories", out, "--trust", "--db-path", here))
        say("locked", f"{max(longest_s):6.1f} s")
        say("again ", run("import-memories", out, "--trust", "--db-path", here))
        run("export-memories", again, *everything, "--db-path", here)
        say("undo  ", run("undo", "--db-path", here))
        dumps = [Path(name).read_text().splitlines()[1:] for name in (out, again)]
        say("equal " if dumps[0] == dumps[1] else "DIFFERENT", f"{len(dumps[0])} lines")


if __name__ == "__main__":
    main()
