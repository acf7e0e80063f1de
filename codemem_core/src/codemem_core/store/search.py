"""Search: the memories that answer a query best, with the reasons for their order.

On the hook path: `json` and apsw beside modules that are on it.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise

import apsw

from codemem_core.store.connection import rows
from codemem_core.store.evidence import Match, matched_words
from codemem_core.store.score import confidence, idf, score
from codemem_core.store.words import query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

# Memories that BM25 ranks in 1 ms. In small stores even common words are worth it: leaving them
# out cost 0.01 of recall.
_FEW = 2000
# Enough neighbours for the session parts: 60 cost 0.001 of recall, in long conversations 0.007.
_MIN_POOL = 100
_MAX_POOL = 200


class Hit:
    """A memory that was found, and why it stands where it stands."""

    __slots__ = (
        "body", "confidence", "confirmed", "created_ms", "files_modified", "id", "kind",
        "matched", "origin", "parts", "project", "score", "session_id", "tags", "title",
    )  # fmt: skip

    def __init__(self, row: Sequence[Any]) -> None:
        self.id: int = row[0]
        self.session_id: int = row[1]
        self.kind: str = row[2]
        self.title: str = row[3]
        self.body: str = row[4]
        self.tags: str = row[5]
        self.confidence: float = row[6]
        self.origin: str = row[7]
        self.confirmed: bool = bool(row[8])
        self.project: str | None = row[9]
        self.created_ms: int = row[10]
        self.files_modified: str = row[11]
        """A JSON array of paths."""
        self.score = 0.0
        """0 to 1; the sum of `parts`."""
        self.parts: dict[str, float] = {}
        """What each reason adds to the score: words, phrases, title, session, recency, …"""
        self.matched: tuple[str, ...] = ()
        """The terms of the query that occur in it."""


class Found(list[Hit]):
    """What a search found, best first."""

    __slots__ = ("confidence", "terms")

    def __init__(self, hits: Iterable[Hit], terms: list[str], confidence: float) -> None:
        super().__init__(hits)
        self.terms = terms
        """What was looked for."""
        self.confidence = confidence
        """0 to 1: how sure it is that the store has something to say about the query."""


_COLUMNS = """
    m.id, m.session_id, m.kind, m.title, m.body, m.tags, m.confidence, m.origin, m.confirmed,
    m.project, m.created_ms, m.files_modified
"""
_WANTED = """
    m.active = 1 AND (:kind IS NULL OR m.kind = :kind)
    AND (:project IS NULL OR m.project = :project)
    AND (NOT :trusted OR m.confirmed OR m.origin NOT IN ('external', 'import'))
"""
_RANK = "bm25(1.5, 1.0, 0.25, 0.25)"  # title, body, tags, words
# CROSS JOIN: FTS5 sorts, so that only the rows within the limit are read and examined.
_BY_WORDS = f"""
    SELECT {_COLUMNS}, -f.rank, codemem_match(memories_fts)
      FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
     WHERE memories_fts MATCH :words AND f.rank MATCH '{_RANK}' AND {_WANTED}
     ORDER BY f.rank LIMIT :limit
"""  # noqa: S608 - constants of ours
_BY_ID = f"""
    SELECT {_COLUMNS} FROM memories m
     WHERE m.id IN (SELECT value FROM json_each(:ids)) AND {_WANTED}
"""  # noqa: S608 - constants of ours
_BY_ANY = f"""
    SELECT rowid, -rank FROM memories_fts
     WHERE memories_fts MATCH :any AND rank MATCH '{_RANK}'
     ORDER BY rank LIMIT {_MAX_POOL}
"""  # noqa: S608 - constants of ours
_FREQUENCY = "SELECT count(*) FROM memories_fts WHERE memories_fts MATCH :term"
# Bounded: more than were ever judged, and a millisecond at most.
_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM memories m WHERE {_WANTED} LIMIT 5000)"  # noqa: S608
_NEWEST = f"""
    SELECT {_COLUMNS} FROM memories m WHERE {_WANTED}
     ORDER BY m.created_ms DESC, m.id DESC LIMIT :limit
"""  # noqa: S608 - constants of ours


def search(  # noqa: PLR0913 - each a filter that callers know by name
    db: apsw.Connection,
    query: str,
    *,
    limit: int,
    around: str = "",
    meaning: Mapping[int, float] | None = None,
    project: str | None = None,
    kind: str | None = None,
    trusted: bool = False,
    working_set: Iterable[str] = (),
    now_ms: int | None = None,
) -> Found:
    """Find the memories that answer `query`; any text is a safe query.

    `meaning` is how near memories are to it by an embedder (cosine by id); they need no common
    word.

    `around` is what the work is about beside the query: memories that speak of it too rise.
    `trusted` leaves out what came from the web or an import and nobody confirmed. `working_set`
    are paths being worked on: memories of changes to them rise.
    """
    asked = query_terms(query)
    if not asked or limit <= 0:
        return Found([], asked, 0.0)
    terms, weights = _telling(db, asked)
    pool = min(max(4 * limit, _MIN_POOL), max(limit, _MAX_POOL))
    wanted = {"project": project, "kind": kind, "trusted": trusted, "limit": pool}
    matches = _by_words(db, terms, wanted)
    if meaning:
        matches += _by_id(db, set(meaning).difference(one.hit.id for one in matches), wanted)
    together = [f'"{first} {second}"' for first, second in pairwise(terms)]
    beside = [f'"{term}"' for term in query_terms(around) if term not in terms]
    score(
        matches,
        weights,
        phrases=_by_any(db, together),
        context=_by_any(db, beside),
        meaning=meaning or {},
        working_set=working_set,
        now_ms=now_ms or time.time_ns() // 1_000_000,
    )
    matches.sort(key=lambda one: (-one.hit.score, -one.hit.created_ms, -one.hit.id))
    among = rows(db, _COUNT, wanted)[0][0]
    sure = confidence(matches, weights, among=among, meaning=meaning or {})
    return Found((match.hit for match in matches[:limit]), asked, sure)


def newest(
    db: apsw.Connection,
    *,
    limit: int,
    project: str | None = None,
    kind: str | None = None,
    trusted: bool = False,
) -> list[Hit]:
    """Return the newest memories, newest first, with a score of 0."""
    wanted = {"project": project, "kind": kind, "trusted": trusted, "limit": limit}
    return [Hit(row) for row in rows(db, _NEWEST, wanted)]


def _telling(db: apsw.Connection, terms: list[str]) -> tuple[list[str], list[float]]:
    """Return the terms worth looking for, and how much each tells.

    What stands in every fifth memory of a large store costs most and tells least: in a store of
    10,000, `test`, `src` and `py` took 5 of the 6 ms of a search.
    """
    total = rows(db, "SELECT coalesce(max(id), 0) FROM memories")[0][0]
    counted = [(term, rows(db, _FREQUENCY, {"term": f'"{term}"'})[0][0]) for term in terms]
    most = max(_FEW, total // 5)
    kept = [(term, count) for term, count in counted if count <= most] or counted
    return [term for term, _ in kept], [idf(count, total) for _, count in kept]


def _by_words(db: apsw.Connection, terms: list[str], wanted: dict[str, Any]) -> list[Match]:
    """Return what matches any of the terms, best BM25 first."""
    wanted = {**wanted, "words": " OR ".join(f'"{term}"' for term in terms)}
    try:
        found = rows(db, _BY_WORDS, wanted)
    except apsw.SQLError as error:
        if "codemem_match" not in str(error):
            raise
        # First search on this connection. Asked for, not assumed: registering leaks when repeated.
        db.register_fts5_function("codemem_match", matched_words)
        found = rows(db, _BY_WORDS, wanted)
    matches = [Match(Hit(row), row[-2], row[-1]) for row in found]
    for match in matches:
        match.hit.matched = tuple(term for at, term in enumerate(terms) if match.words >> at & 1)
    return matches


def _by_id(db: apsw.Connection, ids: set[int], wanted: dict[str, Any]) -> list[Match]:
    """Return memories that no word was asked for."""
    return [Match(Hit(row)) for row in rows(db, _BY_ID, {**wanted, "ids": json.dumps(list(ids))})]


def _by_any(db: apsw.Connection, wanted: list[str]) -> dict[int, float]:
    """Return the BM25 of what matches any of the quoted words or phrases, by memory id."""
    return dict(rows(db, _BY_ANY, {"any": " OR ".join(wanted)})) if wanted else {}
