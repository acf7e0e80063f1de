"""Events a second over HTTP, acknowledged after the COMMIT: `python benchmarks/ingest.py`.

Every case runs on `codemem serve` and on the floor in turns, a few rounds; what counts is the
median ratio of a round. Beside it a bare loop of APSW inserts, one COMMIT each or 500, with the
pragmas of the store. Clients are processes of their own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any

from floor import INSERT, TABLE
from load import Client, Server, body, event, machine, serving

from codemem_core.store.engine.connection import connect

UNREACHABLE = {
    "CODEMEM_OBSERVER_RUNTIME": "api_http",
    "CODEMEM_OBSERVER_BASE_URL": "http://127.0.0.1:9",
    "CODEMEM_OBSERVER_API_KEY": "none",
}
"""An observer that cannot be asked: what is measured is taking events, not flushing them."""
CASES = [(batch, clients) for batch in (1, 50, 500) for clients in (1, 4, 16)]
GOAL = 0.5
Rate = tuple[float, float]
"""Events a second, and processor microseconds of the server for each."""
_ROUND = "@@@@@@"
_MARK = _ROUND.encode()


def main() -> None:
    """Print the table, or JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2.0, help="of each case and round")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measure(rounds=chosen.rounds, seconds=chosen.seconds)
    if chosen.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.write(table(figures))


def measure(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Return events a second of every case, and their ratio to the floor.

    Beside it the servers' own processor time an event, which other load disturbs less.
    """
    taken: dict[tuple[int, int], list[tuple[Rate, Rate]]] = {case: [] for case in CASES}
    for _ in range(rounds):
        with serving("codemem", **UNREACHABLE) as ours, serving("floor") as floor:
            for case in CASES:
                taken[case].append((rate(ours, case, seconds), rate(floor, case, seconds)))
    cases = [
        {
            "batch": batch,
            "clients": clients,
            "codemem": round(median(ours[0] for ours, _ in each)),
            "floor": round(median(floor[0] for _, floor in each)),
            "ratio": round(median(ours[0] / floor[0] for ours, floor in each), 2),
            "codemem_cpu_us": round(median(ours[1] for ours, _ in each)),
            "floor_cpu_us": round(median(floor[1] for _, floor in each)),
        }
        for (batch, clients), each in taken.items()
    ]
    return {"machine": machine(), "cases": cases, "bare": {n: bare_loop(n) for n in (1, 500)}}


def rate(server: Server, case: tuple[int, int], seconds: float) -> Rate:
    """Let clients send for a while and return what they got acknowledged."""
    batch, clients = case
    spawn = multiprocessing.get_context("fork")
    start, used = spawn.Barrier(clients), server.cpu_s()
    with spawn.Pool(clients, _share, (start,)) as pool:
        jobs = [(server.socket, f"{batch}-{clients}-{n}", batch, seconds) for n in range(clients)]
        done = pool.starmap(_send, jobs, chunksize=1)
    used = server.cpu_s() - used
    sent = sum(events for events, _ in done)
    return sum(events / took for events, took in done), 1e6 * used / sent


_start: Barrier


def _share(start: Barrier) -> None:
    global _start  # noqa: PLW0603 - how a pool hands a barrier to its processes
    _start = start


def _send(path: str, stream: str, batch: int, seconds: float) -> tuple[int, float]:
    # One body with numbers filled in: the clients share the machine with what they measure.
    template = body(f"{stream}-{_ROUND}", 0, batch)
    client = Client(path)
    _start.wait()
    sent, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        if client.post("/api/raw-events", template.replace(_MARK, b"%06d" % sent)) != 200:
            raise SystemExit("an event was refused")
        sent += 1
    client.close()
    return sent * batch, took


def bare_loop(batch: int) -> int:
    """Return the rows a second of an insert loop that commits every `batch` rows."""
    with tempfile.TemporaryDirectory() as folder:
        db = connect(f"{folder}/bare.sqlite")
        db.execute(TABLE)
        payload = json.dumps(event("s", 1)["payload"])
        rows = [(f"{n:08}", payload) for n in range(20 * batch + 500)]
        began = time.perf_counter()
        for first in range(0, len(rows), batch):
            with db:
                db.executemany(INSERT, rows[first : first + batch])
        took = time.perf_counter() - began
        db.close()
    return round(len(rows) / took)


def table(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = ["batch  clients   codemem/s     floor/s   ratio   processor us/event: codemem  floor"]
    for each in figures["cases"]:
        below = "" if each["ratio"] >= GOAL else f"  below {GOAL}"
        lines.append(
            f"{each['batch']:5}{each['clients']:9}{each['codemem']:12,}{each['floor']:12,}"
            f"{each['ratio']:8.2f}{each['codemem_cpu_us']:29}{each['floor_cpu_us']:7}{below}"
        )
    bare = ", ".join(f"{rows:,}/s in groups of {n}" for n, rows in figures["bare"].items())
    return "\n".join([*lines, f"bare inserts: {bare}", ""])


if __name__ == "__main__":
    main()
