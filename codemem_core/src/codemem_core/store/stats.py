"""Counts over the whole database, as `GET /api/stats` and `codemem stats` show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import apsw

from codemem_core.store import ledger, usage
from codemem_core.store.ledger import COUNTS, Entry, Key
from codemem_core.store.reliability import named, rate, reliability

# The memories in one go: by an index it takes twice as long, for the tags lie beside the text.
_DATABASE = """
    SELECT (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) AS size_bytes,
           (SELECT count(*) FROM sessions) AS sessions,
           count(*) AS memory_items,
           coalesce(sum(active), 0) AS active_memory_items,
           coalesce(sum(active AND tags <> ''), 0) AS tags_filled,
           (SELECT count(*) FROM raw_events) AS raw_events,
           (SELECT count(*) FROM vectors) AS vector_rows
      FROM memories
"""

_USAGE = """
    SELECT event, count(*) AS count, sum(tokens_read) AS tokens_read,
           sum(tokens_written) AS tokens_written, sum(tokens_saved) AS tokens_saved
      FROM usage_events
     GROUP BY event
     ORDER BY count DESC, event
"""

# Memories of one observation share its cost: the largest figure of a group counts once.
_WORK = """
    SELECT coalesce(sum(most), 0) AS work_investment_tokens,
           coalesce(sum(every), 0) AS work_investment_tokens_sum
      FROM (SELECT max(tokens) AS most, sum(tokens) AS every
              FROM (SELECT json_extract(metadata, '$.discovery_tokens') AS tokens,
                           coalesce(json_extract(metadata, '$.discovery_group'), 'memory ' || id)
                               AS task
                      FROM memories WHERE instr(metadata, '"discovery_tokens"'))
             GROUP BY task)
"""


_DAYS = 7
"""Days the ledger is shown by day; its sums are over all of them."""


def stats(
    db: apsw.Connection,
    *,
    spooled: Mapping[Key, int] | None = None,
    refused: Mapping[Key, int] | None = None,
) -> dict[str, Any]:
    """Return the counts as a JSON object: `database`, `usage`, `reliability`, `ledger`.

    Sizes are bytes, rates 0 to 1. Token figures are what was recorded: an observer that does not
    count is counted by its characters (`codemem usage` says how often). `spooled` and `refused`
    are the spool's part of the ledger.
    """
    entries = ledger.entries(db, spooled=spooled, refused=refused)
    return {
        "database": _database(db),
        "usage": _usage(db),
        "reliability": reliability(db),
        "ledger": _ledger(db, entries),
    }


def _ledger(db: apsw.Connection, entries: list[Entry]) -> dict[str, Any]:
    """Return the sums by source, the last days by day, and whether it all agrees."""
    sums: dict[str, Counter[str]] = {}
    for entry in entries:
        of_source = sums.setdefault(entry.source, Counter())
        of_source.update({name: getattr(entry, name) for name in COUNTS})
    days = sorted({entry.day for entry in entries}, reverse=True)[:_DAYS]
    wrong = ledger.differences(db, entries)
    return {
        "balanced": not wrong,
        "differences": [asdict(difference) for difference in wrong],
        "sources": {source: dict(sums[source]) for source in sorted(sums)},
        "days": [asdict(entry) for entry in entries if entry.day in days],
    }


def _database(db: apsw.Connection) -> dict[str, Any]:
    [found] = named(db, _DATABASE)
    active = found["active_memory_items"]
    return {
        "path": db.filename,
        **found,
        "tags_coverage": rate(found["tags_filled"], active, default=0.0),
        "vector_coverage": min(1.0, rate(found["vector_rows"], active, default=0.0)),
        # Kept by releases before 1.0, and asked for by their clients.
        "artifacts": 0,
    }


def _usage(db: apsw.Connection) -> dict[str, Any]:
    events = named(db, _USAGE)
    tokens = ("tokens_read", "tokens_written", "tokens_saved")
    [work] = named(db, _WORK)
    totals = {name: sum(event[name] for event in events) for name in tokens}
    count = sum(event["count"] for event in events)
    observer = {
        "by_model": usage.by_model(db),
        "fell_back": usage.fall_backs(db, since_ms=0),
    }
    return {
        "events": events,
        "totals": {"events": count, **totals, **work},
        "observer": observer,
    }
