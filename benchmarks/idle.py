"""What the server costs while nothing happens: `python benchmarks/idle.py`.

Start-up until the socket answers, resident memory at start and after 100,000 events, and processor
time over a minute without requests.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from statistics import median
from typing import Any

from load import Client, Server, body, machine, serving

BATCH = 50
"""More events than a host's plugin sends at once (20); deliveries of 500 leave 11 MB more."""
STARTS = 5
GOAL = "below 0.5 % of a core and 120 MB"


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--events", type=int, default=100_000)
    chosen = options.parse_args()
    sys.stdout.write(json.dumps(measure(seconds=chosen.seconds, events=chosen.events)) + "\n")


def measure(*, seconds: float, events: int) -> dict[str, Any]:
    """Return the figures; the events' streams are flushed first, as they would be."""
    starts = [start_up_ms() for _ in range(STARTS)]
    quiet = {"CODEMEM_OBSERVER_RUNTIME": "extractive", "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": "1000"}
    with serving("codemem", **quiet) as server:
        fresh = server.resident_mb()
        client = Client(server.socket)
        for first in range(0, events, BATCH):
            client.post("/api/raw-events", body(f"s{first // 5_000}", first, BATCH))
        client.close()
        until_quiet(server)
        used, began = server.cpu_s(), time.monotonic()
        time.sleep(seconds)
        idle = (server.cpu_s() - used) / (time.monotonic() - began)
        return {
            "machine": machine(),
            "start_ms": round(median(starts)),
            "fresh_mb": round(fresh),
            "events": events,
            "resident_mb": round(server.resident_mb()),
            "idle_percent_of_a_core": round(100 * idle, 2),
            "seconds": seconds,
            "goal": GOAL,
        }


def start_up_ms() -> float:
    """Return how long a server takes until it answers."""
    began = time.perf_counter()
    with serving("codemem"):
        return 1000 * (time.perf_counter() - began)


def until_quiet(server: Server, *, limit_s: float = 300.0) -> None:
    """Wait until the server has flushed what it got: five seconds without a tenth of work."""
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        used = server.cpu_s()
        time.sleep(5)
        if server.cpu_s() - used < 0.1:
            return
    raise SystemExit("the server does not come to rest")


if __name__ == "__main__":
    main()
