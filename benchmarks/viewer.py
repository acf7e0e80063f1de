"""Measure the server: `python benchmarks/viewer.py [MEMORIES …]` (1,000 and 100,000).

For each size: start until it answers, first byte of the feed and of a search, p95 of packs, memory.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import apsw
import httpx

from codemem_core.paths import socket_path
from codemem_core.records.memory import KINDS
from codemem_core.store.store import Store
from codemem_viewer.place import Place, answers, server_pid

HTML = {"Accept": "text/html"}
TIMES = 60
_SESSION = "INSERT INTO sessions (id, source, stream_id, started_ms) VALUES (?, 'host', ?, ?)"
_ADD = """
    INSERT INTO memories
        (key, session_id, kind, title, body, origin, project, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?, 'user', ?, ?, 0)
"""


def fill(db: apsw.Connection, count: int) -> None:
    """Write memories of words drawn as rarely as real ones are."""
    draw = random.Random(1)  # noqa: S311 - the same words every time
    words = [f"word{n}" for n in range(5000)]
    weights = [1 / (n + 5) for n in range(5000)]
    for n in range(count // 20 + 1):
        db.execute(_SESSION, (n + 1, str(n), n))
    for n in range(count):
        text = " ".join(draw.choices(words, weights, k=68))
        row = (str(n), n // 20 + 1, KINDS[n % 11], text[:60], text, f"p{n // 20 % 12}", n * 1000)
        db.execute(_ADD, row)


def timed(call: Callable[[], object]) -> float:
    """Return milliseconds of one call."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def first_byte(client: httpx.Client, path: str) -> list[float]:
    """Return milliseconds until the first byte of a page, asked repeatedly."""
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        with client.stream("GET", path, headers=HTML) as answer:
            chunks = answer.iter_raw()
            next(chunks)
            found.append(1000 * (time.perf_counter() - started))
            list(chunks)
    return found


def measure(count: int, home: str) -> str:
    """Return a line of the table."""
    db = f"{home}/.codemem/mem.sqlite"
    with Store.open(db) as store:
        store.write(lambda connection: fill(connection, count))
    place = Place(db=db, socket=socket_path(db), log="", lock="")
    command = [sys.executable, "-P", "-m", "codemem_core", "serve", "--port", "0"]
    server = subprocess.Popen(command, env={**os.environ, "HOME": home}, stdout=subprocess.DEVNULL)
    try:
        ready = timed(lambda: _wait(place))
        transport = httpx.HTTPTransport(uds=place.socket)
        with httpx.Client(base_url="http://localhost", transport=transport, timeout=60) as client:
            feed = first_byte(client, "/api/pages/feed")
            found = first_byte(client, "/api/pages/feed?q=word40+word300")
            packs = []
            for n in range(200):
                body = {"context": f"word{n * 7} word{n * 11 + 90} word{n} word{n * 3 + 400} word9"}
                packs.append(timed(lambda: client.post("/api/pack", json=body)))  # noqa: B023
        status = Path(f"/proc/{server_pid(place)}/status").read_text(encoding="ascii")
        rss = int(status.partition("VmRSS:")[2].split()[0]) // 1024
    finally:
        server.terminate()
        server.wait()
    figures = (
        ready,
        median(feed),
        quantiles(feed, n=20)[-1],
        median(found),
        quantiles(packs, n=20)[-1],
    )
    return f"{count:>9}" + "".join(f"{each:12.1f}" for each in figures) + f"{rss:12}\n"


def _wait(place: Place) -> None:
    while not answers(place):
        time.sleep(0.005)


def main(counts: list[int]) -> None:
    """Print the table."""
    names = ("memories", "ready ms", "feed ms", "feed p95", "search ms", "pack p95", "RSS MiB")
    sys.stdout.write(f"{names[0]:>9}" + "".join(f"{name:>12}" for name in names[1:]) + "\n")
    for count in counts:
        with tempfile.TemporaryDirectory() as home:
            sys.stdout.write(measure(count, home))
            sys.stdout.flush()


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [1_000, 10_000, 100_000])
