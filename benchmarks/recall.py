"""What a pack costs as the store grows: `python benchmarks/recall.py`.

Stores of made-up memories of 70 words, drawn as words are in English (a few everywhere, most nearly
nowhere); a warm server is asked for 200 packs, one after the other, each about half of a memory's
title and as many other words. Beside it, in the same process and on the same store, FTS5 as it
comes answers the same questions.
`--sizes 10000 100000 1000000` takes 20 minutes, most of them to fill the largest store.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from functools import partial
from itertools import accumulate
from statistics import median
from typing import Any

import apsw
from load import Client, machine, percentile, serving

from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.search import search
from codemem_core.store import memories, messages, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_eval.measure import plain_fts

QUESTIONS = 200
CHUNK = 2_000
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_VOCABULARY = 60_000
_STREAM = """
    INSERT INTO streams (source, stream_id, project) VALUES ('bench', ?, 'shop')
    RETURNING id
"""


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    chosen = options.parse_args()
    sys.stdout.write(json.dumps(measure(sizes=sorted(chosen.sizes)), indent=2) + "\n")


def measure(*, sizes: list[int]) -> dict[str, Any]:
    """Return milliseconds of a pack at each size, and how they grow (slope, log-log)."""
    words = Words(random.Random(1))  # noqa: S311 - the same store each time
    asked: list[str] = []
    steps: list[dict[str, Any]] = []
    with serving("codemem") as server, Store.open(server.database) as store:
        filled = 0
        for size in sizes:
            for first in range(filled, size, CHUNK):
                store.write(partial(fill, words=words, first=first, count=min(CHUNK, size - first)))
            filled = size
            with store.read() as db:
                asked = asked or [words.question(title) for title in titles(db)]
                step = {"memories": size, **packs(server.socket, asked)}
                step |= against_plain(db, asked)
            steps.append(step)
    return {"machine": machine(), "steps": steps, "slope": slope(steps)}


class Words:
    """Draws made-up words: the nth one comes about 1/n as often as the first."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        made = {"".join(draw.choices(_SYLLABLES, k=draw.choice((2, 3, 3, 4)))): None
                for _ in range(2 * _VOCABULARY)}  # fmt: skip
        self._words = list(made)[:_VOCABULARY]
        self._weights = list(accumulate(1 / (rank + 12) for rank in range(len(self._words))))

    def text(self, count: int) -> str:
        """Return so many words."""
        return " ".join(self.draw.choices(self._words, cum_weights=self._weights, k=count))

    def question(self, title: str) -> str:
        """Return half of a title of eight words, and as many other words.

        Words by chance alone are met with silence half of the time, which is quick.
        """
        return " ".join([*title.split()[:4], self.text(4)])


def fill(db: apsw.Connection, *, words: Words, first: int, count: int) -> None:
    """Write memories in sessions of 20, each with the prompt and the reply it comes from."""
    session = stream = 0
    for n in range(first, first + count):
        if n % 20 == 0:
            session = sessions.by_hand(db, project="shop", cwd=None, now_ms=n)
            stream = rows(db, _STREAM, (f"s{n}",))[0][0]
        said = ((2 * n, "prompt", 25), (2 * n + 1, "reply", 120))
        spoken = [(seq, role, "user", n, words.text(size), "") for seq, role, size in said]
        messages.add(db, stream, spoken)
        new = NewMemory(
            key=f"k{n}", kind="bugfix", title=words.text(8), body=words.text(60), origin="user"
        )
        memories.add(db, new, session_id=session, now_ms=n)


def titles(db: apsw.Connection) -> list[str]:
    """Return the titles of 200 memories."""
    return [title for (title,) in rows(db, "SELECT title FROM memories LIMIT ?", (QUESTIONS,))]


def packs(path: str, asked: list[str]) -> dict[str, float]:
    """Return what a pack takes over the server's socket, once it is warm."""
    client, taken = Client(path), []
    for text in asked[:20] + asked:
        body, began = json.dumps({"context": text}).encode(), time.perf_counter()
        if client.post("/api/pack", body) != 200:
            raise SystemExit("a pack was refused")
        taken.append(1000 * (time.perf_counter() - began))
    client.close()
    warm = taken[20:]
    return {"p50_ms": round(median(warm), 2), "p95_ms": round(percentile(warm, 95), 2)}


def against_plain(db: apsw.Connection, asked: list[str]) -> dict[str, float]:
    """Return questions a second, ours and of FTS5 as it comes, in turns."""
    plain = plain_fts(db, limit=8)
    ours_s = plain_s = 0.0
    for text in asked:
        began = time.process_time()
        search(db, text, limit=8)
        between = time.process_time()
        plain.rank(text)
        ours_s, plain_s = ours_s + between - began, plain_s + time.process_time() - between
    return {
        "questions_per_cpu_s": round(len(asked) / ours_s, 1),
        "plain_fts5_per_cpu_s": round(len(asked) / plain_s, 1),
        "times_plain": round(plain_s / ours_s, 2),
    }


def slope(steps: list[dict[str, Any]]) -> float | None:
    """Return the exponent with which the p95 grows from the smallest to the largest store."""
    first, last = steps[0], steps[-1]
    if first is last:
        return None
    grown = math.log(last["p95_ms"] / first["p95_ms"])
    return round(grown / math.log(last["memories"] / first["memories"]), 3)


if __name__ == "__main__":
    main()
