"""What codemem spent, call by call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.store.engine.connection import rows

HOLDOUT = "holdout"
"""The event of a prompt that got nothing on purpose, so that what memory is worth can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One call that cost something."""

    event: str
    """`observe`, `pack` or `HOLDOUT`."""
    session_id: int | None = None
    runtime: str = ""
    model: str = ""
    source: str = ""
    """With `stream_id`: whose events an observer was shown."""
    stream_id: str = ""
    tokens_read: int = 0
    """What the model was given."""
    tokens_cached: int = 0
    """How many of those the provider had in its cache."""
    tokens_written: int = 0
    """What it answered."""
    tokens_saved: int = 0
    """Of a pack: the work it tells of, without what the pack itself takes."""
    cost_usd: float | None = None
    """US dollars; None when no price is known."""
    metadata: Mapping[str, Any] = field(default_factory=dict)


_COLUMNS = tuple(name for name in Usage.__dataclass_fields__ if name != "metadata")
_RECORD = f"""
    INSERT INTO usage_events ({", ".join(_COLUMNS)}, metadata, created_ms)
    VALUES ({", ".join("?" * (len(_COLUMNS) + 2))})
"""  # noqa: S608 - column names of ours


def record(db: apsw.Connection, usage: Usage, *, now_ms: int) -> None:
    """Write down what a call cost."""
    values = [getattr(usage, name) for name in _COLUMNS]
    db.execute(_RECORD, (*values, json.dumps(dict(usage.metadata)), now_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A sum of tokens, both ways, and of US dollars."""

    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        """Return both together."""
        return Spent(tokens=self.tokens + other.tokens, usd=self.usd + other.usd)


_SPENT = """
    SELECT coalesce(sum(tokens_read + tokens_written), 0), coalesce(sum(cost_usd), 0.0)
      FROM usage_events
     WHERE event = 'observe' AND {which}
"""


def spent(
    db: apsw.Connection, *, since_ms: int | None = None, stream: StreamKey | None = None
) -> Spent:
    """Return what observing cost since a time, or for one stream `(source, stream id)`."""
    which = "created_ms >= ?" if stream is None else "source = ? AND stream_id = ?"
    [(tokens, usd)] = rows(db, _SPENT.format(which=which), stream or (since_ms or 0,))
    return Spent(tokens=tokens, usd=usd)


_WAS_ASKED = "SELECT 1 FROM usage_events WHERE event = 'observe' AND runtime = ? LIMIT 1"


def was_asked(db: apsw.Connection, runtime: str) -> bool:
    """Return whether an observer runtime has ever been asked."""
    return bool(rows(db, _WAS_ASKED, (runtime,)))


_BY_DAY = """
    SELECT strftime('%Y-%m-%d', created_ms / 1000, 'unixepoch') AS day, runtime, model,
           count(*) AS calls, sum(tokens_read) AS tokens_in, sum(tokens_cached) AS tokens_cached,
           sum(tokens_written) AS tokens_out, sum(cost_usd) AS cost_usd,
           count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced,
           count(*) FILTER (WHERE json_extract(metadata, '$.fell_back') <> '') AS fell_back,
           count(*) FILTER (WHERE json_extract(metadata, '$.estimated')) AS estimated
      FROM usage_events
     WHERE event = 'observe' AND created_ms >= ?
     GROUP BY day, runtime, model
     ORDER BY day DESC, runtime, model
"""
_DAY_FIELDS = (
    *("day", "runtime", "model", "calls", "tokens_in", "tokens_cached", "tokens_out"),
    *("cost_usd", "unpriced", "fell_back", "estimated"),
)


def by_day(db: apsw.Connection, *, since_ms: int) -> list[dict[str, Any]]:
    """Return what observing cost by day (UTC), runtime and model, newest day first.

    `cost_usd` is None when no call had a price; `unpriced` counts calls without one, `fell_back`
    those an offline runtime stood in for, `estimated` those whose tokens nobody counted.
    """
    return [dict(zip(_DAY_FIELDS, row, strict=True)) for row in rows(db, _BY_DAY, (since_ms,))]


_BY_MODEL = """
    SELECT runtime, model, count(*) AS calls, sum(tokens_read), sum(tokens_cached),
           sum(tokens_written), sum(cost_usd)
      FROM usage_events
     WHERE event = 'observe'
     GROUP BY runtime, model
     ORDER BY calls DESC, runtime, model
"""
_MODEL_FIELDS = (
    *("runtime", "model", "calls"),
    *("tokens_in", "tokens_cached", "tokens_out", "cost_usd"),
)


def by_model(db: apsw.Connection) -> list[dict[str, Any]]:
    """Return what observing cost in all, by runtime and model, most used first."""
    return [dict(zip(_MODEL_FIELDS, row, strict=True)) for row in rows(db, _BY_MODEL)]


_BY_AGENT = """
    SELECT source, count(*) AS calls, sum(tokens_read), sum(tokens_written), sum(cost_usd),
           count(*) FILTER (WHERE cost_usd IS NULL)
      FROM usage_events
     WHERE event = 'observe' AND created_ms >= ? AND source <> ''
     GROUP BY source
     ORDER BY calls DESC, source
"""
_AGENT_FIELDS = ("agent", "calls", "tokens_in", "tokens_out", "cost_usd", "unpriced")


def by_agent(db: apsw.Connection, *, since_ms: int) -> list[dict[str, Any]]:
    """Return what observing each agent's sessions cost, most calls first; fields as `by_day`."""
    found = rows(db, _BY_AGENT, (since_ms,))
    return [dict(zip(_AGENT_FIELDS, row, strict=True)) for row in found]


_FALL_BACKS = """
    SELECT json_extract(metadata, '$.fell_back') AS reason, count(*)
      FROM usage_events
     WHERE event = 'observe' AND created_ms >= ? AND reason <> ''
     GROUP BY reason
     ORDER BY reason
"""


def fall_backs(db: apsw.Connection, *, since_ms: int) -> dict[str, int]:
    """Return why an offline runtime stood in for the configured one, and how often."""
    return dict(rows(db, _FALL_BACKS, (since_ms,)))
