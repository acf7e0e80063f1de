"""Search the prompts and closing replies that are kept word for word.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

import apsw

from codemem_core.retrieval.candidates import Scan, scan_for
from codemem_core.store.engine.connection import rows
from codemem_core.store.messages import COLUMNS, WANTED, StoredMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

POOL = 24
"""Messages that one search looks at."""

# CROSS JOIN: FTS5 sorts, so that only the rows within the limit are read.
_BEST = f"""
    SELECT {COLUMNS}, f.rank, codemem_terms(messages_fts, :terms)
      FROM messages_fts f CROSS JOIN messages m ON m.id = f.rowid JOIN streams s ON s.id = m.stream
     WHERE messages_fts MATCH :words AND f.rowid > :after AND {WANTED}
     ORDER BY f.rank LIMIT :limit
"""  # noqa: S608 - constants of ours


def search(
    db: apsw.Connection,
    terms: Sequence[str],
    *,
    project: str | None,
    trusted: bool,
    after: int = 0,
) -> tuple[list[StoredMessage], Scan]:
    """Return the messages that match best, best first, and what was looked for.

    `trusted` leaves out what only outside text carries; `after`, an id, what was said before it.
    """
    if not terms:
        return [], Scan([], 0)
    scan = scan_for(db, terms, table="messages")
    wanted = {
        "words": f"({_any(scan.finding)})",
        "terms": len(scan.finding),
        "after": max(after, scan.after),
        "project": project,
        "trusted": trusted,
        "limit": POOL,
    }
    at = {term.text: 1 << n for n, term in enumerate(scan.terms)}
    bits = [at[term.text] for term in scan.finding]
    found = []
    for *row, rank, mask in _best(db, wanted):
        message = StoredMessage(row)
        message.score = -rank
        message.terms = sum(bit for n, bit in enumerate(bits) if mask >> n & 1)
        found.append(message)
    return found, scan


def _best(db: apsw.Connection, wanted: dict[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return rows(db, _BEST, wanted)
    except apsw.SQLError as error:
        if "codemem_terms" not in str(error):
            raise
        # First search on this connection. Asked for, not assumed: registering leaks when repeated.
        db.register_fts5_function("codemem_terms", _matched_terms)
        return rows(db, _BEST, wanted)


def _matched_terms(api: apsw.FTS5ExtensionApi, *asked: apsw.SQLiteValue) -> int:
    """Return which of the query's terms stand in a row, bit by bit: an FTS5 function."""
    mask = 0
    for at in range(min(api.phrase_count, int(asked[0] or 0))):
        if any(map(len, api.phrase_locations(at))):
            mask |= 1 << at
    return mask


def _any(terms: Sequence[Any]) -> str:
    return " OR ".join(term.match for term in terms)
