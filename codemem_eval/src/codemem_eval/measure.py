"""Ask a store judged questions and note how good each answer was."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import apsw

from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.rank import MIN_CONFIDENCE
from codemem_core.retrieval.search import search
from codemem_core.store.engine.connection import rows
from codemem_eval.corpora import Corpus, Question

DEPTH = 50
"""Results looked at for the reciprocal rank."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question was answered; shares are 0 to 1."""

    recall: float = 0.0
    precision: float = 0.0
    mrr: float = 0.0
    ndcg: float = 0.0
    pack: float = 0.0
    """Share of the gold that stands in the pack."""
    ms: float = 0.0
    """What building the pack took."""


FIGURES = ("recall", "precision", "mrr", "ndcg", "pack")
Ranking = Callable[[str], list[int]]
Packing = Callable[[str], list[int]]
Near = Callable[[str], dict[int, float]]


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers questions with ids of memories, best first."""

    rank: Ranking
    pack: Packing
    unsure: Packing | None = None
    """The same pack however unlikely it is to help."""


def codemem(db: apsw.Connection, *, near: Near, project: str | None, now_ms: int | None) -> System:
    """Return search and packs as users have them; `near` is what the embedder says."""

    def rank(text: str) -> list[int]:
        hits = search(db, text, limit=DEPTH, meaning=near(text), project=project, now_ms=now_ms)
        return [hit.id for hit in hits]

    def pack(text: str, least: float = MIN_CONFIDENCE) -> list[int]:
        built = build_pack(
            db,
            text,
            meaning=near(text),
            project=project,
            least_confidence=least,
            now_ms=now_ms,
        )
        return [hit.id for hit in built.items]

    return System(rank, pack, partial(pack, least=0.0))


def plain_fts(db: apsw.Connection, *, limit: int) -> System:
    """Return FTS5 as it comes over the same memories: any of the words, BM25, the best `limit`."""
    # A database in memory: nothing is written beside the one that is measured.
    plain = apsw.Connection(":memory:")
    plain.execute("CREATE VIRTUAL TABLE plain USING fts5 (title, body)")
    told = rows(db, "SELECT id, title, body FROM memories WHERE active = 1")
    plain.executemany("INSERT INTO plain (rowid, title, body) VALUES (?, ?, ?)", told)

    def rank(text: str) -> list[int]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text.replace("_", " ")))
        query = "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT ?"
        return [row[0] for row in rows(plain, query, (words, DEPTH))] if words else []

    return System(rank, lambda text: rank(text)[:limit])


def nothing() -> System:
    """Return what an agent without a memory has."""
    return System(lambda _: [], lambda _: [])


def ask(system: System, questions: Sequence[Question], *, k: int) -> list[Answer]:
    """Return an answer a question, in order; recall, precision and nDCG at `k`."""
    return [_judge(system, question, k) for question in questions]


def silent(system: System, corpus: Corpus) -> list[float]:
    """Return 1 for each foreign question that gets an empty pack, else 0."""
    return [float(not system.pack(text)) for text in corpus.foreign]


def lost(system: System, questions: Sequence[Question]) -> list[float]:
    """Return of each question the share of its gold that silence keeps out of the pack."""
    return [
        len(question.gold.intersection(system.unsure(question.text))) / len(question.gold)
        if system.unsure is not None and not system.pack(question.text)
        else 0.0
        for question in questions
    ]


def _judge(system: System, question: Question, k: int) -> Answer:
    gold = question.gold
    found = system.rank(question.text)
    started = time.perf_counter()
    packed = system.pack(question.text)
    taken = 1000 * (time.perf_counter() - started)
    hits = [at for at, one in enumerate(found) if one in gold]
    top = [at for at in hits if at < k]
    ideal = sum(1 / math.log2(at + 2) for at in range(min(k, len(gold))))
    return Answer(
        recall=len(top) / len(gold),
        precision=len(top) / k,
        mrr=1 / (hits[0] + 1) if hits else 0.0,
        ndcg=sum(1 / math.log2(at + 2) for at in top) / ideal,
        pack=len(gold.intersection(packed)) / len(gold),
        ms=taken,
    )
