"""What one screen says of the database."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class HostActivity:
    """A host that sent events."""

    source: str
    last_ms: int
    """When the last one came, epoch milliseconds."""
    streams: int
    pending: int
    """Events that are not memories yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The database in a few figures."""

    memories: int
    """Those that are not forgotten."""
    sessions: int
    hosts: tuple[HostActivity, ...]
    failed: int
    """Batches that will be tried again."""
    dead: int
    """Batches that were given up."""
    without_model: int
    """Batches an offline observer answered because the model failed."""
    last_error: str | None
    """Why the last of them failed."""
    observed_ms: int | None
    """When an observer answered last."""
    observed_by: str | None
    """Which observer answered then, with its model."""
    fell_back: str | None
    """Why that one answered in place of another; None or empty when it was the one to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvents:
    """What sessions said, as it is kept beside the memories of it."""

    count: int
    payload_bytes: int
    """What they take, without indexes."""
    lost_batches: int
    """Batches with memories that cannot be made again: none of their events is here any more."""


_HOSTS = """
    SELECT source, max(last_received_ms), count(*),
           coalesce(sum(max(last_received_seq - last_flushed_seq, 0)), 0)
      FROM streams GROUP BY source ORDER BY 2 DESC
"""
_COUNTS = """
    SELECT (SELECT count(*) FROM memories WHERE active = 1) AS memories,
           (SELECT count(*) FROM sessions) AS sessions,
           (SELECT count(*) FROM batches WHERE state = 'failed') AS failed,
           (SELECT count(*) FROM batches WHERE state = 'dead') AS dead,
           (SELECT count(*) FROM batches WHERE state = 'completed' AND error IS NOT NULL),
           (SELECT error_kind || ': ' || error FROM batches WHERE error IS NOT NULL
             ORDER BY updated_ms DESC LIMIT 1) AS last_error
"""
_OBSERVED = """
    SELECT created_ms, runtime || iif(model = '', '', ', ' || model), metadata ->> 'fell_back'
      FROM usage_events WHERE event = 'observe' AND metadata ->> 'lost' IS NULL
     ORDER BY created_ms DESC, id DESC LIMIT 1
"""


def glance(db: apsw.Connection) -> Glance:
    """Look at the database once."""
    names = tuple(HostActivity.__dataclass_fields__)
    hosts = tuple(HostActivity(**dict(zip(names, row, strict=True))) for row in rows(db, _HOSTS))
    counts = ("memories", "sessions", "failed", "dead", "without_model", "last_error")
    observed = next(iter(rows(db, _OBSERVED)), (None, None, None))
    return Glance(
        hosts=hosts,
        **dict(zip(counts, rows(db, _COUNTS)[0], strict=True)),
        observed_ms=observed[0],
        observed_by=observed[1],
        fell_back=observed[2],
    )


_KEPT = """
    SELECT (SELECT count(*) FROM raw_events),
           (SELECT coalesce(sum(octet_length(payload)), 0) FROM raw_events),
           (SELECT count(*) FROM batches b
             WHERE b.state = 'completed'
               AND NOT EXISTS (SELECT 1 FROM raw_events e
                                WHERE e.stream = b.stream
                                  AND e.seq BETWEEN b.start_seq AND b.end_seq))
"""


def kept_events(db: apsw.Connection) -> KeptEvents:
    """Count the events that are kept, without reading them."""
    return KeptEvents(**dict(zip(KeptEvents.__dataclass_fields__, rows(db, _KEPT)[0], strict=True)))
