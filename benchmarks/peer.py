"""Packs a second beside another program: `python benchmarks/peer.py --peer EXECUTABLE`.

The peer is any codemem that has `import-memories`, `serve` and `GET /api/pack`: its behaviour is
all that is used of it. `pip install codemem==0.19.0` into an environment of its own makes one.

Both get a home of their own, the same exported memories, made up as in `recall.py`, and no
embedder. Both servers are then asked the same questions, made up likewise, in turns, over loopback
TCP, a connection a question as hooks do.
`--corpora FOLDER` also fills both with all memories of its corpora (see `dev eval`) and asks
their questions. Exits 1 when the median of the rounds' ratios is below 10 in any row.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from load import machine
from recall import Words

from codemem_eval.corpora import corpora_below

AIM = 10.0
CLIENTS = (1, 4)
_AT = "2026-01-05T09:00:00.000000+00:00"


def main() -> int:
    """Measure, print a table; say whether the aim is met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peer", type=Path, required=True)
    options.add_argument("--sizes", type=int, nargs="*", default=[2_000, 10_000])
    options.add_argument("--corpora", type=Path)
    options.add_argument("--questions", type=int, default=200, help="a turn")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    sys.stdout.write(f"{machine()}\n{'':20}memories  clients    peer/s  codemem/s  ratio\n")
    least = AIM
    for load in loads(chosen.sizes, chosen.corpora):
        for clients, turns in measure(chosen.peer, load, chosen.questions, chosen.rounds):
            ratios = [ours / peer for peer, ours in turns]
            least = min(least, median(ratios))
            peer, ours = (median(side) for side in zip(*turns, strict=True))
            sys.stdout.write(
                f"{load.name:20}{len(load.memories):8,} {clients:8} {peer:9.1f} {ours:10.1f}"
                f"  {median(ratios):5.1f} ({min(ratios):.1f} to {max(ratios):.1f})\n"
            )
            sys.stdout.flush()
    return int(least < AIM)


@dataclass(frozen=True, slots=True)
class Load:
    """What both programs hold, and what they are asked."""

    name: str
    memories: Sequence[tuple[str, str]]
    """Title and body."""
    asked: Iterator[str]
    """Questions without end."""


def loads(sizes: Sequence[int], corpora: Path | None) -> Iterator[Load]:
    """Make stores of made-up memories of these sizes, and one of all corpora."""
    for size in sizes:
        words = Words(random.Random(size))  # noqa: S311 - the same memories each time
        memories = [(words.text(8), words.text(60)) for _ in range(size)]
        drawn = iter(partial(words.draw.choice, memories), None)
        yield Load("made up", memories, (words.question(title) for title, _ in drawn))
    if corpora:
        read = corpora_below(corpora)
        asked = [question.text for corpus in read for question in corpus.questions]
        random.Random(1).shuffle(asked)  # noqa: S311 - the same order each time
        docs = (doc for corpus in read for doc in corpus.docs)
        yield Load(corpora.name, [(doc["title"], doc["body"]) for doc in docs], cycle(asked))


def measure(
    peer: Path, load: Load, questions: int, rounds: int
) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    """Find, by number of clients, answers a second of each round: the peer's, ours."""
    ours = Path(sys.executable).with_name("codemem")
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="cm-")))
        exported = folder / "memories.json"
        exported.write_text(json.dumps(export(load.memories)))
        sides = [open_.enter_context(answering(program, exported)) for program in (peer, ours)]
        for side in sides:
            side.check(list(islice(load.asked, 50)))
        for clients in CLIENTS:
            turns = []
            for _ in range(rounds):
                asked = list(islice(load.asked, questions))
                before, after = (_a_second(side, asked, clients) for side in sides)
                turns.append((before, after))
            yield clients, turns


def export(memories: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return an export (format 1.0) of memories in sessions of 20."""
    sessions = [
        {"id": n, "project": "shop", "cwd": "/home/ada/shop", "started_at": _AT}
        for n in range(1, len(memories) // 20 + 2)
    ]
    items = [
        {
            "id": n + 1,
            "session_id": n // 20 + 1,
            "kind": "bugfix",
            "title": title,
            "body_text": body,
            "confidence": 0.5,
            "active": 1,
            "created_at": _AT,
            "import_key": f"m{n}",
        }
        for n, (title, body) in enumerate(memories)
    ]
    empty: dict[str, Any] = {"session_summaries": [], "user_prompts": []}
    return {"version": "1.0", "sessions": sessions, "memory_items": items, **empty}


@dataclass(frozen=True, slots=True)
class Side:
    """A server that answers with packs."""

    name: str
    port: int
    token: str

    def ask(self, text: str) -> bytes:
        """Return the body of a pack for `text`, asked on a connection of its own."""
        target = "/api/pack?" + urlencode({"context": text, "limit": 8, "token_budget": 800})
        head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall(f"{head}Authorization: Bearer {self.token}\r\n\r\n".encode())
            reply = b"".join(iter(lambda: link.recv(65_536), b""))
        got, _, body = reply.partition(b"\r\n\r\n")
        if got.split(b" ", 2)[1] != b"200":
            raise SystemExit(f"{self.name} refused a pack: {got.decode()}")
        return body

    def check(self, asked: Sequence[str]) -> None:
        """Ask, and see that memories come back: keeping silent would be quick."""
        told = sum(bool(json.loads(self.ask(text))["items"]) for text in asked)
        if told < 0.9 * len(asked):
            raise SystemExit(f"{self.name} answered only {told} of {len(asked)} questions")


@contextmanager
def answering(program: Path, exported: Path) -> Iterator[Side]:
    """Run a program's server, with the exported memories, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="cm-") as home:
        database = f"{home}/mem.sqlite"
        environ = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "CODEMEM_DB": database,
            "CODEMEM_EMBEDDING_DISABLED": "1",
        }
        fill = [str(program), "import-memories", str(exported), "--db-path", database]
        subprocess.run(fill, env=environ, stdout=subprocess.DEVNULL, check=True)
        port = _free_port()
        serve = [str(program), "serve", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(serve, env=environ, stdout=subprocess.DEVNULL)
        try:
            _until_it_answers(port, process)
            token = Path(home, "viewer.token")
            yield Side(str(program), port, token.read_text().strip() if token.exists() else "")
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise SystemExit(f"the server ended: {process.returncode}")


def _a_second(side: Side, asked: Sequence[str], clients: int) -> float:
    """Return how many of the questions were answered a second."""
    with ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        list(pool.map(side.ask, asked))
        return len(asked) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
