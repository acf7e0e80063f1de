"""How reliable the queue has been: what was lost, what failed, how often it was tried."""

from __future__ import annotations

from typing import Any

import apsw

from codemem_core.store.engine.connection import rows

_EVENTS = """
    SELECT coalesce(sum(stored), 0), coalesce(sum(duplicate), 0), coalesce(sum(rejected), 0)
      FROM ledger
     WHERE day >= strftime('%Y-%m-%d', :since / 1000, 'unixepoch')
"""

_BATCHES = """
    SELECT count(*) FILTER (WHERE state = 'pending') AS started_batches,
           count(*) FILTER (WHERE state = 'claimed') AS running_batches,
           count(*) FILTER (WHERE state = 'completed') AS completed_batches,
           count(*) FILTER (WHERE state IN ('failed', 'dead')) AS errored_batches,
           count(*) FILTER (WHERE state = 'dead') AS dead_batches,
           max(0, coalesce(max(attempts), 0) - 1) AS retry_depth_max
      FROM batches
     WHERE updated_ms >= :since
"""

_STREAMS = """
    SELECT count(*) AS sessions_with_events,
           count(*) FILTER (WHERE coalesce(started_at, '') <> '') AS sessions_with_started_at
      FROM streams
     WHERE last_received_seq >= 0 AND last_received_ms >= :since
"""

_FORMULAS = {
    "flush_success_rate": "completed_batches / (completed_batches + errored_batches)",
    "dropped_event_rate": (
        "(skipped_invalid + skipped_conflict)"
        " / (inserted_events + skipped_invalid + skipped_conflict)"
    ),
    "session_boundary_accuracy": "sessions_with_started_at / sessions_with_events",
    "retry_depth_max": "max(attempts - 1, 0)",
}


def reliability(
    db: apsw.Connection, *, since_ms: int = 0, window_hours: float | None = None
) -> dict[str, Any]:
    """Return the metrics as a JSON object: `formulas`, `counts`, `rates` and `retry_depth_max`.

    From `since_ms` (epoch) on: batches by their last change, sessions by their newest event, events
    by the UTC day they came, so of the first day all count. `window_hours` is only passed on.
    """
    since = {"since": since_ms}
    [(stored, duplicate, rejected)] = rows(db, _EVENTS, since)
    [batches], [streams] = named(db, _BATCHES, since), named(db, _STREAMS, since)
    retry_depth = batches.pop("retry_depth_max")
    completed, errored = batches["completed_batches"], batches["errored_batches"]
    return {
        "formulas": _FORMULAS,
        "counts": {
            "inserted_events": stored,
            "skipped_events": duplicate + rejected,
            "skipped_invalid": rejected,
            "skipped_duplicate": duplicate,
            "skipped_conflict": 0,  # the writer numbers events itself: two never want one number
            "dropped_events": rejected,
            **batches,
            "terminal_batches": completed + errored,
            **streams,
        },
        "rates": {
            "flush_success_rate": rate(completed, completed + errored, default=1.0),
            "dropped_event_rate": rate(rejected, stored + rejected, default=0.0),
            "session_boundary_accuracy": rate(
                streams["sessions_with_started_at"], streams["sessions_with_events"], default=1.0
            ),
        },
        "retry_depth_max": retry_depth,
        "window_hours": window_hours,
    }


def rate(part: int, whole: int, *, default: float) -> float:
    """Return the share `part` is of `whole`, 0 to 1; `default` when there is nothing to share."""
    return part / whole if whole else default


def named(db: apsw.Connection, query: str, values: dict[str, Any] | None = None) -> list[Any]:
    """Return all rows as dicts by column name."""
    cursor = db.execute(query, values)
    return [
        dict(zip([column[0] for column in cursor.get_description()], row, strict=True))
        for row in cursor
    ]
