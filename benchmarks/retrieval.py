"""Measure search and packs on judged sets: `python benchmarks/retrieval.py FOLDER`.

FOLDER holds one folder a family, in it one a corpus with `docs.jsonl` (id, session, ts, kind,
title, body, files) and `queries.jsonl` (query, gold). Each corpus is one store. Figures are means
over the families. `silent` asks each store what another family asked: the share that gets no pack.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import apsw

from codemem_core.pack.build import build_pack
from codemem_core.records.events import epoch_ms
from codemem_core.store.search import search
from codemem_core.store.store import Store
from codemem_core.store.words import hidden_words, tags_of

TOP = 8


@dataclass
class Figures:
    """What was measured of one family; one number a query in each list."""

    recall: list[float] = field(default_factory=list)
    reciprocal: list[float] = field(default_factory=list)
    pack: list[float] = field(default_factory=list)
    silent: list[float] = field(default_factory=list)
    pack_ms: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        """Return the figures as one line of the table."""
        means = (mean(v or [0]) for v in (self.recall, self.reciprocal, self.pack, self.silent))
        p95 = quantiles(self.pack_ms, n=20)[-1]
        return f"{name:20}" + "".join(f"{value:9.4f}" for value in means) + f"{p95:9.2f}\n"


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def load(db: apsw.Connection, docs: list[dict[str, Any]]) -> dict[str, int]:
    """Write the memories of a corpus and return their ids by the corpus's own."""
    sessions = {name: at for at, name in enumerate(dict.fromkeys(d["session"] for d in docs), 1)}
    db.executemany("INSERT INTO sessions (id, started_ms) VALUES (?, 0)", zip(sessions.values()))
    for at, doc in enumerate(docs, 1):
        tags = " ".join(tags_of(doc["kind"], (), doc["files"]))
        words = hidden_words(" ".join([doc["title"], doc["body"], *doc["files"]]))
        db.execute(
            "INSERT INTO memories (id, key, session_id, kind, title, body, tags, words, files_modified,"
            " origin, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'user', ?, 0)",
            (at, str(at), sessions[doc["session"]], doc["kind"], doc["title"], doc["body"], tags, words,
             json.dumps(doc["files"]), epoch_ms(doc["ts"])),
        )  # fmt: skip
    return {doc["id"]: at for at, doc in enumerate(docs, 1)}


def measure(db: apsw.Connection, folder: Path, foreign: list[str], figures: Figures) -> None:
    """Run the queries of one corpus, and those of another that nothing here answers."""
    docs = lines_of(folder / "docs.jsonl")
    ids = load(db, docs)
    now_ms = max(epoch_ms(doc["ts"]) for doc in docs)
    for query in lines_of(folder / "queries.jsonl"):
        gold = {ids[name] for name in query["gold"]}
        found = [hit.id for hit in search(db, query["query"], limit=50, now_ms=now_ms)]
        started = time.perf_counter()
        pack = build_pack(db, query["query"], now_ms=now_ms)
        figures.pack_ms.append(1000 * (time.perf_counter() - started))
        figures.recall.append(len(gold.intersection(found[:TOP])) / len(gold))
        ranks = (rank for rank, one in enumerate(found, 1) if one in gold)
        figures.reciprocal.append(1 / next(ranks, float("inf")))
        figures.pack.append(len(gold.intersection(pack.metrics["pack_item_ids"])) / len(gold))
    packs = (build_pack(db, query, now_ms=now_ms) for query in foreign)
    figures.silent += [float(not pack.items) for pack in packs]


def corpora(root: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield each corpus with its family and 50 questions of the next family."""
    families = sorted(folder for folder in root.iterdir() if folder.is_dir())
    for family, other in pairwise([*families, families[0]]):
        questions = [q["query"] for f in sorted(other.glob("*/queries.jsonl")) for q in lines_of(f)]
        for folder in sorted(path.parent for path in family.glob("*/docs.jsonl")):
            yield family.name, folder, questions[:: max(1, len(questions) // 50)]


def main(root: Path) -> None:
    """Print the table."""
    families: dict[str, Figures] = {}
    for family, folder, foreign in corpora(root):
        with tempfile.TemporaryDirectory() as home:
            store = Store.open(f"{home}/mem.sqlite")
            figures = families.setdefault(family, Figures())
            store.write(lambda db, *rest: measure(db, folder, foreign, figures))  # noqa: B023
            store.close()
    sys.stdout.write(f"{'':20}{'recall@8':>9}{'MRR':>9}{'pack':>9}{'silent':>9}{'p95 ms':>9}\n")
    for name, figures in families.items():
        sys.stdout.write(figures.line(name))
    macro = Figures()
    for figures in families.values():
        macro.recall.append(mean(figures.recall))
        macro.reciprocal.append(mean(figures.reciprocal))
        macro.pack.append(mean(figures.pack))
        macro.silent.append(mean(figures.silent))
        macro.pack_ms += figures.pack_ms
    sys.stdout.write(macro.line("macro"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
