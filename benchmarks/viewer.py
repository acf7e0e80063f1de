"""Measure the server: `python benchmarks/viewer.py [MEMORIES …]` (1,000, 10,000 and 100,000).

For each size: start until it answers, first byte of the feed and of a search, p95 of packs. Then,
with the same server: p99 of ingest while 8 readers ask for packs and 4 browsers hold streams open
and ask for the feed whenever a memory has changed, once a second; and what memory it takes. Readers
and browsers live in processes of their own. The last column says which limits of the project are
missed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import apsw
import httpx

from codemem_core.paths import socket_path
from codemem_core.records.memory import KINDS
from codemem_core.store.engine.store import Store
from codemem_viewer.runtime_paths import Place, answers, server_pid

HTML = {"Accept": "text/html"}
TIMES = 60
EVENTS = 400
EVENT_EVERY_S = 0.02
"""50 events a second: five agents that call a tool every 100 ms."""
READERS, BROWSERS = 8, 4
READER_PAUSE_S = 1.0
"""Eight agents that are asked something every second."""
LIMITS = {"ready": 1000.0, "feed p95": 50.0, "ingest p99": 50.0, "RSS": 150.0}
PACK_LIMITS = {10_000: 15.0, 100_000: 40.0}
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


def question(n: int) -> dict[str, str]:
    """Return a pack's question: rare words and common ones."""
    return {"context": f"word{n * 7} word{n * 11 + 90} word{n} word{n * 3 + 400} word9"}


def packs(client: httpx.Client) -> list[float]:
    """Return milliseconds of packs asked one after the other."""
    return [timed(lambda n=n: client.post("/api/pack", json=question(n))) for n in range(200)]


@contextmanager
def connected(socket: str) -> Iterator[httpx.Client]:
    """A client of the server's socket."""
    transport = httpx.HTTPTransport(uds=socket)
    with httpx.Client(base_url="http://localhost", transport=transport, timeout=60) as client:
        yield client


def read_packs(socket: str) -> None:
    """Ask for packs for ever, as a host does at every prompt."""
    with connected(socket) as client:
        for n in range(1_000_000):
            client.post("/api/pack", json=question(n % 400))
            time.sleep(READER_PAUSE_S)


def browse(socket: str) -> None:
    """Hold a stream open for ever, and ask for the feed whenever it tells of a memory."""
    with connected(socket) as client, client.stream("GET", "/api/stream") as stream:
        for line in stream.iter_lines():
            if line == "event: memory":
                client.get("/api/pages/memories", headers=HTML)


@contextmanager
def company(socket: str) -> Iterator[None]:
    """Keep readers and browsers at work while the block runs."""
    command = [sys.executable, __file__, "--as"]
    roles = ["read_packs"] * READERS + ["browse"] * BROWSERS
    working = [subprocess.Popen([*command, role, socket]) for role in roles]
    time.sleep(3)  # until they have all begun
    try:
        yield
    finally:
        for process in working:
            process.terminate()
            process.wait()


def ingest(client: httpx.Client) -> list[float]:
    """Return milliseconds of events sent at a steady pace, each counted from when it was due."""
    found = []
    begin = time.perf_counter()
    for n in range(EVENTS):
        due = begin + n * EVENT_EVERY_S
        time.sleep(max(0.0, due - time.perf_counter()))
        payload = {"type": "user_prompt", "prompt_text": f"prompt {n} " * 20}
        event = {"session_id": f"load-{n % 5}", "event_type": "user_prompt", "payload": payload}
        client.post("/api/raw-events", json=event | {"event_id": f"load-{n:06}"})
        found.append(1000 * (time.perf_counter() - due))
        if n % 50 == 0:
            client.post("/api/memories/7/pin", json={"pinned": n % 100 == 0})
    return found


def p(share: int, found: list[float]) -> float:
    """Return a percentile."""
    return quantiles(found, n=100)[share - 1]


def measure(count: int, home: str) -> dict[str, float]:
    """Return the figures for a database of `count` memories."""
    db = f"{home}/.codemem/mem.sqlite"
    with Store.open(db) as store:
        store.write(lambda connection: fill(connection, count))
    place = Place(db=db, socket=socket_path(db), log="", lock="")
    command = [sys.executable, "-P", "-m", "codemem_cli", "serve", "--port", "0"]
    environ = {**os.environ, "HOME": home}
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        figures = {"ready": timed(lambda: _wait(place))}
        with connected(place.socket) as client:
            feed = first_byte(client, "/api/pages/memories")
            found = first_byte(client, "/api/pages/memories?q=word40+word300")
            figures |= {"feed": median(feed), "feed p95": p(95, feed), "search": median(found)}
            figures["pack p95"] = p(95, packs(client))
            with company(place.socket):
                sent = ingest(client)
        figures |= {"ingest p50": median(sent), "ingest p99": p(99, sent)}
        status = Path(f"/proc/{server_pid(place)}/status").read_text(encoding="ascii")
        figures["RSS"] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    finally:
        server.terminate()
        server.wait()
    return figures


def _wait(place: Place) -> None:
    while not answers(place):
        time.sleep(0.005)


def missed(count: int, figures: dict[str, float]) -> list[str]:
    """Return the figures that are over the project's limits."""
    limits = LIMITS | ({"pack p95": PACK_LIMITS[count]} if count in PACK_LIMITS else {})
    return [name for name, limit in limits.items() if figures[name] >= limit]


def main(counts: list[int]) -> int:
    """Print the table; 1 when a limit is missed."""
    names = ("ready", "feed", "feed p95", "search", "pack p95", "ingest p50", "ingest p99", "RSS")
    sys.stdout.write(f"{'memories':>9}" + "".join(f"{name:>12}" for name in names))
    sys.stdout.write("   (ms; RSS at its highest, MiB)\n")
    everywhere = []
    for count in counts:
        with tempfile.TemporaryDirectory() as home:
            figures = measure(count, home)
        over = missed(count, figures)
        everywhere += over
        sys.stdout.write(f"{count:>9}" + "".join(f"{figures[name]:12.1f}" for name in names))
        sys.stdout.write(f"   {'over: ' + ', '.join(over) if over else 'ok'}\n")
        sys.stdout.flush()
    return 1 if everywhere else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        {"read_packs": read_packs, "browse": browse}[sys.argv[2]](sys.argv[3])
    else:
        sys.exit(main([int(each) for each in sys.argv[1:]] or [1_000, 10_000, 100_000]))
