"""What was asked for and written, by kind of call, day by day and by project."""

from __future__ import annotations

import json
from typing import Any

import apsw

from codemem_core.store.engine.connection import rows

_TOKENS = ("tokens_read", "tokens_written", "tokens_saved")
_OF_PROJECT = """(:project IS NULL OR json_extract(u.metadata, '$.project') = :project
                  OR u.session_id IN (SELECT id FROM sessions WHERE project = :project))"""
_BY_EVENT = f"""
    SELECT u.event, count(*), sum(u.tokens_read), sum(u.tokens_written), sum(u.tokens_saved)
      FROM usage_events u WHERE {_OF_PROJECT}
     GROUP BY u.event ORDER BY u.event
"""  # noqa: S608 - a constant of ours
_PACKS = f"""
    SELECT u.id, u.session_id, u.event, u.tokens_read, u.tokens_written, u.tokens_saved,
           u.created_ms, u.metadata
      FROM usage_events u WHERE u.event = 'pack' AND {_OF_PROJECT}
     ORDER BY u.created_ms DESC, u.id DESC LIMIT :limit
"""  # noqa: S608 - a constant of ours


def by_event(db: apsw.Connection, project: str | None = None) -> list[dict[str, Any]]:
    """Return what was spent by kind of call: `event`, `count` and the three token counts."""
    names = ("event", "count", *_TOKENS)
    found = rows(db, _BY_EVENT, {"project": project})
    return [dict(zip(names, row, strict=True)) for row in found]


def recent_packs(
    db: apsw.Connection, project: str | None = None, *, limit: int = 10
) -> list[dict[str, Any]]:
    """Return the last packs that were handed out and written down, newest first."""
    names = ("id", "session_id", "event", *_TOKENS, "created_ms")
    return [
        dict(zip(names, row[:-1], strict=True)) | {"metadata_json": json.loads(row[-1])}
        for row in rows(db, _PACKS, {"project": project, "limit": limit})
    ]


# Days of this machine's time zone, as its user counts them.
_DAY = "date(created_ms / 1000, 'unixepoch', 'localtime')"
_SPENT = f"""
    SELECT {_DAY}, iif(runtime = '', '?', runtime), sum(tokens_read + tokens_written)
      FROM usage_events WHERE event = 'observe' AND created_ms >= :since_ms GROUP BY 1, 2
"""  # noqa: S608 - a constant of ours
_PAID = f"""
    SELECT {_DAY}, iif(model = '', runtime, model), sum(cost_usd)
      FROM usage_events
     WHERE event = 'observe' AND created_ms >= :since_ms AND cost_usd > 0 GROUP BY 1, 2
"""  # noqa: S608 - a constant of ours
_TOLD = f"""
    SELECT {_DAY}, source, sum(tokens_read) FROM usage_events
     WHERE event = 'pack' AND created_ms >= :since_ms GROUP BY 1, 2
"""  # noqa: S608 - a constant of ours
_WRITTEN = """
    SELECT {day}, {what}, count(*) FROM memories
     WHERE active = 1 AND created_ms >= :since_ms GROUP BY 1, 2
"""
_BY_PROJECT = """
    SELECT coalesce(project, ''), count(*) FROM memories WHERE active = 1
     GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12
"""


Day = tuple[str, str, float]
"""A day (YYYY-MM-DD), what is counted, how much."""


def spent_by_day(db: apsw.Connection, *, since_ms: int) -> list[Day]:
    """Return the tokens that observing took, by runtime."""
    return rows(db, _SPENT, {"since_ms": since_ms})


def paid_by_day(db: apsw.Connection, *, since_ms: int) -> list[Day]:
    """Return what observing cost in US dollars, as far as a price is known, by model."""
    return rows(db, _PAID, {"since_ms": since_ms})


def told_by_day(db: apsw.Connection, *, since_ms: int) -> list[Day]:
    """Return the tokens that were put beside prompts, by host."""
    return rows(db, _TOLD, {"since_ms": since_ms})


def memories_by_day(db: apsw.Connection, *, since_ms: int, by: str = "kind") -> list[Day]:
    """Return how many memories were written, by `kind` or by `project`."""
    query = _WRITTEN.format(day=_DAY, what={"kind": "kind", "project": "ifnull(project, '')"}[by])
    return rows(db, query, {"since_ms": since_ms})


def totals(db: apsw.Connection, *, since_ms: int) -> dict[str, float]:
    """Return sums since a time: `observed` and `told` (tokens), `calls`, `packs`, `usd`, `saved`.

    `saved`: tokens of work that agents were told of instead of doing it again, as far as counted.
    """
    query = """
        SELECT coalesce(sum(tokens_read + tokens_written) FILTER (WHERE event = 'observe'), 0),
               coalesce(sum(tokens_read) FILTER (WHERE event = 'pack'), 0),
               count(*) FILTER (WHERE event = 'observe'), count(*) FILTER (WHERE event = 'pack'),
               coalesce(sum(cost_usd), 0.0), coalesce(sum(tokens_saved), 0)
          FROM usage_events WHERE created_ms >= ?"""
    names = ("observed", "told", "calls", "packs", "usd", "saved")
    return dict(zip(names, rows(db, query, (since_ms,))[0], strict=True))


def memories_by_project(db: apsw.Connection) -> list[tuple[str, int]]:
    """Return the projects with the most memories, and how many."""
    return rows(db, _BY_PROJECT)
