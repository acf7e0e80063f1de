"""What a new session is told of what waits for the user's decision.

Never the text that waits: it may be an order from outside. On the hook path: apsw beside modules
that are on it.
"""

from __future__ import annotations

from codemem_core.retrieval.pack.render import clip, harmless
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

MOST = 3
"""Proposals named in a brief; the rest is counted."""
_LAPSES_MS = 30 * 86_400_000
_REASON_CHARS = 160
_WAITING = """
    SELECT p.id, p.action, p.reason, count(*) OVER ()
      FROM proposals p LEFT JOIN memories m ON m.id = p.memory_id
     WHERE p.state = 'open' AND p.created_ms >= :since AND p.project IS :project
       AND (m.id IS NULL OR m.active AND NOT (p.action = 'confirm' AND m.confirmed))
     ORDER BY p.created_ms DESC, p.id DESC
     LIMIT :limit
"""
_ASKS = {"confirm": "a memory that waits", "forget": "to forget one", "remember": "to keep one"}


def review_lines(db: apsw.Connection, project: str, *, now_ms: int) -> list[str]:
    """Return what waits for the user in a project, the newest first: at most three."""
    wanted = {"since": now_ms - _LAPSES_MS, "project": project, "limit": MOST}
    found = rows(db, _WAITING, wanted)
    lines = [
        f"- {_ASKS.get(action, action)} (proposal {number}): {clip(harmless(why), _REASON_CHARS)}"
        for number, action, why, _ in found
    ]
    more = found[0][3] - len(found) if found else 0
    end = f"- and {more} more; the user decides with `codemem review`"
    return [*lines, end] if more else lines
