"""What one POST costs as the database grows: `python benchmarks/growth.py`.

Sizes are filled in directly, then 200 single events are posted one after the other; what counts is
the median and its ratio to the empty database.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from statistics import median
from typing import Any

import apsw
from hooks import TOPICS
from load import Client, body, event, machine, percentile, serving

from codemem_core.records.event import RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories, sessions
from codemem_core.store.engine.store import Store

POSTS = 200
CHUNK = 1_000


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--memories", type=int, nargs="+", default=[0, 10_000, 100_000])
    options.add_argument("--events", type=int, nargs="+", default=[0, 100_000, 1_000_000])
    chosen = options.parse_args()
    figures = measure(memories=chosen.memories, events=chosen.events)
    sys.stdout.write(json.dumps(figures) + "\n")


def measure(*, memories: list[int], events: list[int]) -> dict[str, Any]:
    """Return milliseconds of one POST at each number of memories, and at each of events."""
    sizes = [("memories", n) for n in memories] + [("events", n) for n in events]
    steps: list[dict[str, Any]] = []
    with serving("codemem") as server, Store.open(server.database) as store:
        have = {"memories": 0, "events": 0}
        for kind, wanted in sizes:
            for first in range(have[kind], wanted, CHUNK):
                store.write(partial(FILL[kind], first=first))
            have[kind] = max(have[kind], wanted)
            steps.append({**have, **post_ms(server.socket, f"{kind}-{wanted}")})
    for step in steps:
        step["ratio"] = round(step["p50_ms"] / steps[0]["p50_ms"], 2)
    return {"machine": machine(), "steps": steps, "goal": "flat: a ratio near 1"}


def post_ms(path: str, stream: str) -> dict[str, float]:
    """Return median and p95 of single POSTs, one after the other."""
    client, taken = Client(path), []
    for number in range(POSTS):
        sent, began = body(stream, number, 1), time.perf_counter()
        if client.post("/api/raw-events", sent) != 200:
            raise SystemExit("an event was refused")
        taken.append(1000 * (time.perf_counter() - began))
    client.close()
    return {"p50_ms": round(median(taken), 2), "p95_ms": round(percentile(taken, 95), 2)}


def fill_memories(db: apsw.Connection, *, first: int) -> None:
    """Write a thousand memories."""
    session = sessions.by_hand(db, project="shop", cwd=None, now_ms=1)
    for n in range(first, first + CHUNK):
        topic, other = TOPICS[n % 10], TOPICS[n // 10 % 10]
        text = f"The {topic} of module {n} failed when the {other} was empty; fixed in step {n}."
        new = NewMemory(
            key=f"k{n}", kind="bugfix", title=f"Fix {topic} {n}", body=text, origin="user"
        )
        memories.add(db, new, session_id=session, now_ms=n)


def fill_events(db: apsw.Connection, *, first: int) -> None:
    """Write a thousand events of one stream, flushed long ago."""
    stream = f"old-{first // CHUNK}"
    made = [
        RawEvent(
            source="opencode",
            stream_id=stream,
            event_id=sent["event_id"],
            event_type=sent["event_type"],
            payload=sent["payload"],
            ts_ms=sent["ts_wall_ms"],
            origin="tool_repo",
        )
        for sent in (event(stream, n) for n in range(CHUNK))
    ]
    events.append(db, made, now_ms=1_700_000_000_000)
    db.execute("UPDATE streams SET last_flushed_seq = last_received_seq WHERE stream_id = ?",
               (stream,))  # fmt: skip


FILL = {"memories": fill_memories, "events": fill_events}

if __name__ == "__main__":
    main()
