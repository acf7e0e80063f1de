"""What one screen says of the database."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
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
    hosts: tuple[Host, ...]
    failed: int
    """Batches that will be tried again."""
    dead: int
    """Batches that were given up."""
    last_error: str | None
    """Why the last of them failed."""
    observed_ms: int | None
    """When an observer was asked last."""


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
           (SELECT error_kind || ': ' || error FROM batches WHERE state IN ('failed', 'dead')
             ORDER BY updated_ms DESC LIMIT 1) AS last_error,
           (SELECT max(created_ms) FROM usage_events WHERE event = 'observe') AS observed_ms
"""


def glance(db: apsw.Connection) -> Glance:
    """Look at the database once."""
    names = tuple(Host.__dataclass_fields__)
    hosts = tuple(Host(**dict(zip(names, row, strict=True))) for row in rows(db, _HOSTS))
    counts = ("memories", "sessions", "failed", "dead", "last_error", "observed_ms")
    return Glance(hosts=hosts, **dict(zip(counts, rows(db, _COUNTS)[0], strict=True)))
