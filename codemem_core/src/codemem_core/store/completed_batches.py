"""Stretches that were flushed before: find them, and put other memories in place of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw

from codemem_core.records.event import StreamKey
from codemem_core.records.memory import NewMemory
from codemem_core.store import sessions
from codemem_core.store.engine.connection import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A stretch whose events became memories once."""

    stream: int
    source: str
    stream_id: str
    start_seq: int
    end_seq: int
    project: str | None
    cwd: str | None
    memories: int
    """How many would be superseded: those in use that nobody confirmed or found out again."""
    forgotten: int
    """How many a person took back: then the stretch is left alone."""

    @property
    def events(self) -> int:
        """How many events it has, or had."""
        return self.end_seq - self.start_seq + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which stretches to look for."""

    generation: str
    """The name of the way they are to be distilled; those that were so already are left out."""
    runtime: str
    version: str
    any_model: bool = True
    """Whether memories of this runtime and version are good enough, whatever their model."""
    source: str | None = None
    stream_id: str | None = None
    project: str | None = None
    since_ms: int = 0
    without_model: bool = False
    """Only those an offline observer answered because the model failed."""
    limit: int = 100


_OF_STRETCH = """
    FROM memories m JOIN batches o ON o.id = m.batch
    WHERE o.stream = b.stream AND o.start_seq = b.start_seq AND o.end_seq = b.end_seq
"""
_PAST = f"""
    WITH latest AS (SELECT max(id) AS id FROM batches WHERE state = 'completed'
                    GROUP BY stream, start_seq, end_seq),
         found AS (
    SELECT s.id AS stream, s.source, s.stream_id, b.start_seq, b.end_seq, s.project, s.cwd,
           (SELECT count(*) {_OF_STRETCH} AND m.active = 1 AND m.confirmed = 0
               AND m.pinned = 0 AND m.support = 1) AS memories,
           (SELECT count(*) {_OF_STRETCH} AND m.deleted_ms IS NOT NULL) AS forgotten,
           (SELECT count(*) {_OF_STRETCH} AND m.active = 1 AND m.confirmed = 0
               AND m.pinned = 0 AND m.support = 1 
               AND m.extractor = :runtime AND m.extractor_version = :version) AS current,
           b.id AS batch
      FROM latest JOIN batches b ON b.id = latest.id JOIN streams s ON s.id = b.stream
     WHERE b.extractor <> :generation AND b.created_ms >= :since
       AND (:source IS NULL OR s.source = :source)
       AND (:stream_id IS NULL OR s.stream_id = :stream_id)
       AND (:project IS NULL OR s.project = :project)
       AND (NOT :without_model OR b.error IS NOT NULL))
    SELECT stream, source, stream_id, start_seq, end_seq, project, cwd, memories, forgotten
      FROM found
     WHERE NOT :any_model OR memories = 0 OR current < memories
     ORDER BY batch DESC
     LIMIT :limit
"""  # noqa: S608 - our own text


def past(db: apsw.Connection, wanted: Wanted) -> list[Past]:
    """Return stretches whose memories came another way, the newest first."""
    names = ("generation", "runtime", "version", "source", "stream_id", "project", "limit")
    fields = {name: getattr(wanted, name) for name in names}
    fields |= {"since": wanted.since_ms, "any_model": wanted.any_model}
    fields |= {"without_model": wanted.without_model}
    columns = tuple(Past.__dataclass_fields__)
    return [Past(**dict(zip(columns, row, strict=True))) for row in rows(db, _PAST, fields)]


_DONE = """
    INSERT INTO batches (stream, start_seq, end_seq, extractor, state, attempts,
                         created_ms, updated_ms)
    VALUES (:stream, :start, :end, :generation, 'completed', 1, :now, :now)
    ON CONFLICT (stream, start_seq, end_seq, extractor) DO NOTHING
"""
_IN_STRETCH = """
    batch IN (SELECT id FROM batches
               WHERE stream = :stream AND start_seq = :start AND end_seq = :end)
"""
_SUPERSEDE = f"""
    UPDATE memories SET active = 0, superseded_by = :batch, updated_ms = :now
     WHERE active = 1 AND confirmed = 0 AND pinned = 0 AND support = 1 AND {_IN_STRETCH}
"""  # noqa: S608
_ANSWERED = """
    UPDATE batches SET error = NULL, error_kind = NULL
     WHERE stream = :stream AND start_seq = :start AND end_seq = :end AND state = 'completed'
"""
_FORGOTTEN = f"SELECT count(*) FROM memories WHERE deleted_ms IS NOT NULL AND {_IN_STRETCH}"  # noqa: S608


Write = Callable[[NewMemory, int, int], int | None]
"""Writes a memory of a session (its id) and a batch; returns its id, or None when it is known."""


def supersede(  # noqa: PLR0913 - what is put in place, and how
    db: apsw.Connection,
    past: Past,
    new: Sequence[NewMemory],
    *,
    write: Write,
    generation: str,
    now_ms: int,
) -> list[int] | None:
    """Put new memories in place of a stretch's earlier ones; return their ids.

    Call it in one transaction. What a person confirmed or pinned, or another session found out too,
    stays, and with nothing new everything does. Returns None, having changed nothing, when another
    process was faster or a person took a memory of the stretch back meanwhile.
    """
    place = {"stream": past.stream, "start": past.start_seq, "end": past.end_seq}
    if db.execute(_FORGOTTEN, place).get:
        return None
    db.execute(_DONE, {**place, "generation": generation, "now": now_ms})
    if not db.changes():
        return None
    batch = db.last_insert_rowid()
    db.execute(_ANSWERED, place)
    if new:
        db.execute(_SUPERSEDE, {**place, "batch": batch, "now": now_ms})
    session = sessions.of_stream(
        db,
        StreamKey(past.source, past.stream_id),
        project=past.project,
        cwd=past.cwd,
        started_ms=min((memory.created_ms for memory in new), default=now_ms),
    )
    written = (write(memory, session, batch) for memory in new)
    return [memory_id for memory_id in written if memory_id is not None]
