"""Which memories are looked at for a query, at a cost that hardly grows with the store.

Rare words find, common ones only help to put in order: ranking a word costs half a microsecond a
memory that has it, looking whether a found one has it a tenth. Counting is cheaper still.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

import apsw

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval.hit import COLUMNS
from codemem_core.retrieval.term_match import COLUMN_WEIGHTS, matched_words
from codemem_core.store.conditions import WANTED
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Memories that the finding words may stand in, all together: at least, and more the larger the
# store, by its square root. In a store of 1,000 every word finds.
_LEAST_SCANNED = 2_500
_SCANNED_PER_ROOT = 25
# Counted whole below, else estimated from the newest so many.
_SAMPLE = 5_000
_KNOWN_COUNTS = 4_096
"""Remembered at most, 0.6 MB."""
_CONTEXT_TERMS = 8
"""Words of what the work is about beside the query: the rarest tell most."""

_COUNT = "SELECT count(*) FROM {0}_fts WHERE {0}_fts MATCH ?"
_COUNT_NEWEST = f"{_COUNT} AND rowid > ?"
_COUNT_SOME = "SELECT count(*) FROM (SELECT 1 FROM {0}_fts WHERE {0}_fts MATCH ? LIMIT ?)"
# CROSS JOIN: FTS5 sorts, so that only the rows within the limit are read and examined.
_BEST = f"""
    SELECT f.rowid FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
     WHERE memories_fts MATCH :words AND f.rank MATCH 'bm25{COLUMN_WEIGHTS}'
       AND f.rowid > :after AND {WANTED}
     ORDER BY f.rank LIMIT :limit
"""  # noqa: S608 - constants of ours
# +: not the rowid finds (that would begin anew for each), but the words, one after the other.
_EVIDENCE = f"""
    SELECT {COLUMNS}, codemem_match(memories_fts, :skip, :terms)
      FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
     WHERE memories_fts MATCH :words AND f.rowid > :after
       AND +f.rowid IN (SELECT value FROM json_each(:ids))
"""  # noqa: S608 - constants of ours


class Term:
    """A term of the query and in how many memories it stands."""

    __slots__ = ("count", "match", "text")

    def __init__(self, text: str, match: str, count: int) -> None:
        self.text = text
        self.match = match
        """As FTS5 is asked for it."""
        self.count = count


class Scan:
    """What is looked for: terms that find, and terms that only tell."""

    __slots__ = ("after", "finding", "terms", "total")

    def __init__(self, terms: list[Term], total: int) -> None:
        """Choose what finds: the rarest terms, as many as may be ranked; at least one."""
        self.terms = terms
        self.total = total
        """Memories in the store."""
        self.after = 0
        """Only memories with a larger id are looked at."""
        room = max(_LEAST_SCANNED, round(_SCANNED_PER_ROOT * total**0.5))
        self.finding: list[Term] = []
        for term in sorted(terms, key=lambda term: term.count):
            if self.finding and term.count > room:
                break
            self.finding.append(term)
            room -= term.count
        if room < 0:  # even the rarest word is common: the newest that have it must do
            asked = self.finding[0].count
            self.after = max(0, total - total * (asked + room) // asked)


def scan_for(
    db: apsw.Connection, terms: Sequence[str], *, prefix: bool = False, table: str = "memories"
) -> Scan:
    """Count the terms and choose which of them find; `prefix`: the last one may be unfinished.

    `table` is `memories` or `messages`.
    """
    total = rows(db, f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]  # noqa: S608 - our names
    asked = [f'"{term}"' for term in terms]
    if prefix:
        asked[-1] += " *"
    counted = [_count(db, match, total, table) for match in asked]
    return Scan([Term(*each) for each in zip(terms, asked, counted, strict=True)], total)


def best_ids(db: apsw.Connection, scan: Scan, wanted: dict[str, Any]) -> list[int]:
    """Return the ids of what the finding terms find, best BM25 first, at most `limit`."""
    words = _any(scan.finding)
    return [row[0] for row in rows(db, _BEST, {**wanted, "words": words, "after": scan.after})]


def evidence(
    db: apsw.Connection, scan: Scan, context: list[Term], ids: list[int]
) -> list[tuple[Any, ...]]:
    """Return of each memory that was found its columns and what `matched_words` writes."""
    asked = {
        "words": f"({_any(scan.finding)}) AND ({_any([*scan.terms, *context])})",
        "skip": len(scan.finding),
        "terms": len(scan.terms),
        "after": scan.after,
        "ids": quick_json.write(ids),
    }
    try:
        return rows(db, _EVIDENCE, asked)
    except apsw.SQLError as error:
        if "codemem_match" not in str(error):
            raise
        # First search on this connection. Asked for, not assumed: registering leaks when repeated.
        db.register_fts5_function("codemem_match", matched_words)
        return rows(db, _EVIDENCE, asked)


def context_terms(db: apsw.Connection, texts: Sequence[str], total: int) -> list[Term]:
    """Return the most telling of the terms, those that stand anywhere."""
    counted = [Term(text, f'"{text}"', _count(db, f'"{text}"', total)) for text in texts]
    known = [term for term in counted if term.count]
    return sorted(known, key=lambda term: term.count)[:_CONTEXT_TERMS]


def _count(db: apsw.Connection, match: str, total: int, table: str = "memories") -> int:
    """Return in how many rows a term stands: exactly when rare, else about.

    A connection remembers it until there is another row.
    """
    known: dict[str, tuple[int, int]] = getattr(db, "known_counts", {})
    asked = f"{table} {match}"
    at, count = known.get(asked, (-1, 0))
    if at != total:
        count = _counted(db, match, total, table)
        if len(known) >= _KNOWN_COUNTS:
            known.clear()
        known[asked] = total, count
    return count


def _counted(db: apsw.Connection, match: str, total: int, table: str) -> int:
    if total <= 2 * _SAMPLE:
        return int(rows(db, _COUNT.format(table), (match,))[0][0])
    some = int(rows(db, _COUNT_SOME.format(table), (match, _SAMPLE))[0][0])
    if some < _SAMPLE:
        return some
    newest = int(rows(db, _COUNT_NEWEST.format(table), (match, total - _SAMPLE))[0][0])
    return max(some, newest * total // _SAMPLE)


def _any(terms: Sequence[Term]) -> str:
    return " OR ".join(term.match for term in terms)
