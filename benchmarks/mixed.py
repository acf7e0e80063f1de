"""Writers and readers at once: `python benchmarks/mixed.py`.

16 writers offer 800 single events a second in all, on time whether or not the last one was answered
(the wait for a late answer counts), while 2 readers build packs from 10,000 memories as fast as
they are answered.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from statistics import median
from typing import Any

from hooks import TOPICS, fill
from load import Client, body, machine, percentile, serving

from codemem_core.store.engine.store import Store

WRITERS, READERS = 16, 2
GOAL_MS = 100.0
Waits = tuple[list[float], int]
"""Milliseconds of each answer, and how many were none."""


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--offered", type=int, default=800, help="events a second")
    chosen = options.parse_args()
    sys.stdout.write(json.dumps(measure(seconds=chosen.seconds, offered=chosen.offered)) + "\n")


def measure(*, seconds: float, offered: int) -> dict[str, Any]:
    """Return how long writers and readers waited, in milliseconds, and how many errors they saw."""
    with serving("codemem") as server:
        with Store.open(server.database) as store:
            store.write(fill)
        began_s = time.time() + 1.0
        plan = (server.socket, began_s, seconds)
        with multiprocessing.get_context("fork").Pool(WRITERS + READERS) as pool:
            pause_s = WRITERS / offered
            writers = [pool.apply_async(write, (*plan, n, pause_s)) for n in range(WRITERS)]
            readers = [pool.apply_async(read, (*plan, n)) for n in range(READERS)]
            waits, errors = _gathered([each.get() for each in writers])
            reads, read_errors = _gathered([each.get() for each in readers])
    return {
        "machine": machine(),
        "offered": round(offered * seconds),
        "taken": len(waits),
        "errors": errors,
        "read_errors": read_errors,
        "write_ms": _spread(waits),
        "packs": len(reads),
        "pack_ms": _spread(reads),
        "goal": f"all taken, 0 errors, p99 < {GOAL_MS:.0f} ms",
    }


def write(path: str, began_s: float, seconds: float, writer: int, pause_s: float) -> Waits:
    """Send events on time; return the milliseconds each took from when it was due, and errors."""
    client, waits, errors = Client(path), [], 0
    for number in range(int(seconds / pause_s)):
        due = began_s + (number + writer / WRITERS) * pause_s
        time.sleep(max(0.0, due - time.time()))
        if client.post("/api/raw-events", body(f"w{writer}", number, 1)) == 200:
            waits.append(1000 * (time.time() - due))
        else:
            errors += 1
    return waits, errors


def read(path: str, began_s: float, seconds: float, reader: int) -> Waits:
    """Ask for packs one after the other; return the milliseconds each took, and errors."""
    client, waits, errors = Client(path), [], 0
    draw = random.Random(reader)  # noqa: S311
    time.sleep(max(0.0, began_s - time.time()))
    while (began := time.time()) < began_s + seconds:
        context = f"why did the {draw.choice(TOPICS)} fail when the {draw.choice(TOPICS)} was empty"
        asked = json.dumps({"context": context, "project": "invoicing"}).encode()
        if client.post("/api/pack", asked) == 200:
            waits.append(1000 * (time.time() - began))
        else:
            errors += 1
    return waits, errors


def _gathered(parts: list[Waits]) -> Waits:
    return [wait for waits, _ in parts for wait in waits], sum(errors for _, errors in parts)


def _spread(waits: list[float]) -> dict[str, float]:
    found = {"p50": median(waits), "p99": percentile(waits, 99), "max": max(waits)}
    return {name: round(value, 1) for name, value in found.items()}


if __name__ == "__main__":
    main()
