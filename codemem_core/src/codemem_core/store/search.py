"""Search: the memories that answer a query best, with the reasons for their order.

On the hook path: `json` and `time` only beside apsw.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise

import apsw

from codemem_core.store.connection import rows
from codemem_core.store.words import query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

# Weight of each part of a score. Words, phrases, coverage and session were measured on judged
# queries; recency above 0.1 costs recall there, files and kind are not measured.
_WEIGHTS = {
    "words": 1.0,  # BM25, the best hit of the query = 1
    "phrases": 0.3,  # BM25 of neighbouring words that stand together
    "coverage": 0.3,  # share of the query's terms that occur
    "session": 0.5,  # the best words + phrases + coverage in the same session
    "recency": 0.03,  # 1 now, a half after 30 days
    "kind": 0.02,
    "files": 0.2,  # files it changed that are being worked on
}
_FULL_SCORE = sum(_WEIGHTS.values())
_KINDS = {"session_summary": 1.0, "decision": 0.8, "feature": 0.7, "bugfix": 0.7, "refactor": 0.7}
_OTHER_KIND = 0.5
# Memories that BM25 ranks in 1 ms. In small stores even common words are worth it: leaving them
# out cost 0.01 of recall.
_FEW = 2000
_DAY_MS = 86_400_000
# Enough neighbours for the session part; 120 changed nothing and took 1.5 times as long.
_MIN_POOL = 60
_MAX_POOL = 200


class Hit:
    """A memory that was found, and why it stands where it stands."""

    __slots__ = (
        "asked", "body", "confidence", "confirmed", "created_ms", "files_modified", "id", "kind",
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
        """What each reason adds to the score: words, phrases, coverage, session, recency, …"""
        self.asked = 0
        """How many terms were looked for."""
        self.matched: tuple[str, ...] = ()
        """Those that occur in it."""


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
    SELECT {_COLUMNS}, -f.rank, codemem_matched(memories_fts)
      FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
     WHERE memories_fts MATCH :words AND f.rank MATCH '{_RANK}' AND {_WANTED}
     ORDER BY f.rank LIMIT :limit
"""  # noqa: S608 - constants of ours
_BY_PHRASES = f"""
    SELECT rowid, -rank FROM memories_fts
     WHERE memories_fts MATCH :phrases AND rank MATCH '{_RANK}'
     ORDER BY rank LIMIT {_MAX_POOL}
"""  # noqa: S608 - constants of ours
_FREQUENCY = "SELECT count(*) FROM memories_fts WHERE memories_fts MATCH :term"
_NEWEST = f"""
    SELECT {_COLUMNS} FROM memories m WHERE {_WANTED}
     ORDER BY m.created_ms DESC, m.id DESC LIMIT :limit
"""  # noqa: S608 - constants of ours


def search(  # noqa: PLR0913 - each a filter that callers know by name
    db: apsw.Connection,
    query: str,
    *,
    limit: int,
    project: str | None = None,
    kind: str | None = None,
    trusted: bool = False,
    working_set: Iterable[str] = (),
    now_ms: int | None = None,
) -> list[Hit]:
    """Return the memories that answer `query`, best first; any text is a safe query.

    `trusted` leaves out what came from the web or an import and nobody confirmed. `working_set`
    are paths being worked on: memories of changes to them rise.
    """
    terms = query_terms(query)
    if not terms or limit <= 0:
        return []
    terms = _telling(db, terms)
    pool = min(max(4 * limit, _MIN_POOL), max(limit, _MAX_POOL))
    wanted = {"project": project, "kind": kind, "trusted": trusted, "limit": pool}
    found = _by_words(db, terms, wanted)
    _score_text(found, _by_phrases(db, terms), terms)
    hits = [hit for hit, _ in found]
    _score_rest(hits, working_set, now_ms or time.time_ns() // 1_000_000)
    hits.sort(key=lambda hit: (-hit.score, -hit.created_ms, -hit.id))
    return hits[:limit]


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


def _telling(db: apsw.Connection, terms: list[str]) -> list[str]:
    """Leave out what stands in every fifth memory of a large store: it costs most and tells least.

    In a store of 10,000, `test`, `src` and `py` took 5 of the 6 ms of a search.
    """
    total = rows(db, "SELECT coalesce(max(id), 0) FROM memories")[0][0]
    if total <= _FEW:
        return terms
    most = max(_FEW, total // 5)
    return [t for t in terms if rows(db, _FREQUENCY, {"term": f'"{t}"'})[0][0] <= most] or terms


def _by_words(
    db: apsw.Connection, terms: list[str], wanted: dict[str, Any]
) -> list[tuple[Hit, float]]:
    """Return hits with their BM25 (more is better) and what of the terms they match."""
    wanted = {**wanted, "words": " OR ".join(f'"{term}"' for term in terms)}
    try:
        found = rows(db, _BY_WORDS, wanted)
    except apsw.SQLError as error:
        if "codemem_matched" not in str(error):
            raise
        # First search on this connection. Asked for, not assumed: registering leaks when repeated.
        db.register_fts5_function("codemem_matched", _matched_mask)
        found = rows(db, _BY_WORDS, wanted)
    hits = []
    for row in found:
        hit = Hit(row)
        hit.asked = len(terms)
        hit.matched = tuple(term for at, term in enumerate(terms) if row[-1] >> at & 1)
        hits.append((hit, row[-2]))
    return hits


def _matched_mask(api: apsw.FTS5ExtensionApi, *_: object) -> int:
    return sum(1 << at for at in range(api.phrase_count) if api.phrase_columns(at))


def _by_phrases(db: apsw.Connection, terms: list[str]) -> dict[int, float]:
    """Return the BM25 of neighbouring terms that stand together, by memory id."""
    if len(terms) < 2:
        return {}
    pairs = (f'"{first} {second}"' for first, second in pairwise(terms))
    return dict(rows(db, _BY_PHRASES, {"phrases": " OR ".join(pairs)}))


def _score_text(
    found: list[tuple[Hit, float]], phrases: dict[int, float], terms: list[str]
) -> None:
    """Fill in what the text says: words, phrases, coverage and the session around them."""
    best = max((bm25 for _, bm25 in found), default=0.0) or 1.0
    sessions: dict[int, float] = {}
    for hit, bm25 in found:
        _add(hit, "words", bm25 / best)
        _add(hit, "phrases", min(1.0, phrases.get(hit.id, 0.0) / best))
        _add(hit, "coverage", len(hit.matched) / len(terms))
        sessions[hit.session_id] = max(sessions.get(hit.session_id, 0.0), hit.score)
    top = max(sessions.values(), default=1.0)
    for hit, _ in found:
        _add(hit, "session", sessions[hit.session_id] / top)


def _score_rest(hits: list[Hit], working_set: Iterable[str], now_ms: int) -> None:
    paths = [_segments(path) for path in working_set]
    for hit in hits:
        age_days = max(0, now_ms - hit.created_ms) / _DAY_MS
        _add(hit, "recency", 1 / (1 + age_days / 30))
        _add(hit, "kind", _KINDS.get(hit.kind, _OTHER_KIND))
        if paths:
            _add(hit, "files", _overlap(json.loads(hit.files_modified), paths))


def _add(hit: Hit, part: str, value: float) -> None:
    hit.parts[part] = value * _WEIGHTS[part] / _FULL_SCORE
    hit.score += hit.parts[part]


def _overlap(files: list[str], paths: list[list[str]]) -> float:
    """Return 0 to 1: a half for each file that is in the working set, a fifth for a same name."""
    changed = [_segments(path) for path in files]
    same_file = sum(any(_ends_alike(one, other) for other in paths) for one in changed)
    names = {one[-1] for one in changed if one} & {path[-1] for path in paths if path}
    return min(1.0, 0.5 * same_file + 0.2 * len(names))


def _segments(path: str) -> list[str]:
    return [part for part in path.lower().replace("\\", "/").split("/") if part not in {"", "."}]


def _ends_alike(one: list[str], other: list[str]) -> bool:
    """Say whether one path ends with the other: hosts name files relative or absolute."""
    shorter = min(len(one), len(other))
    return shorter > 0 and one[-shorter:] == other[-shorter:]
