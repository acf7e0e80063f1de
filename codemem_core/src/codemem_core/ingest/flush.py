"""One batch: claim, collect the evidence, observe, extract, commit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import apsw

from codemem_core.errors import ObserverError, RateLimited
from codemem_core.ingest.distil import Distilled, announce, distil, memory_key, stored_events
from codemem_core.observe import Observing
from codemem_core.plugins import Plugins
from codemem_core.records.events import epoch_ms
from codemem_core.settings import Settings
from codemem_core.spend.purse import Purse
from codemem_core.store import batches, memories, sessions
from codemem_core.store.batches import Claim, Failure, LeaseLost
from codemem_core.store.store import Store

EXTRACTOR = "observe-1"
"""Names the way evidence becomes memories; part of each batch's and each memory's key."""


@dataclass(slots=True)
class FlushReport:
    """What one flush of a stream did."""

    events: int = 0
    """Events whose batch was completed."""
    memory_ids: list[int] = field(default_factory=list)
    """Memories written, oldest first."""
    runtime: str = ""
    """Which observer answered last."""
    failure: str = ""
    """Why it stopped early, or empty."""


class Flusher:
    """Turns the waiting events of a stream into memories.

    May be used from several threads; a stream is only ever flushed by one of them.
    """

    def __init__(self, store: Store, plugins: Plugins, settings: Settings) -> None:
        self._store = store
        self._plugins = plugins
        self._observing = Observing(plugins, settings, purse=Purse(store, settings))
        self._max_events = settings.number("raw_events_worker_max_events")

    def flush(self, source: str, stream_id: str, *, max_events: int | None = None) -> FlushReport:
        """Flush everything that waits, batch by batch, and report.

        An observer that fails leaves its batch for a later try; that is in the report, not raised.
        """
        report = FlushReport()
        limit = self._max_events if max_events is None else max_events
        while not report.failure and (claim := self._claim((source, stream_id), limit)):
            self._flush_batch(claim, report)
        return report

    def _claim(self, key: tuple[str, str], limit: int) -> Claim | None:
        return self._store.write(
            lambda db: batches.claim(
                db, key, extractor=EXTRACTOR, max_events=limit, now_ms=_now_ms()
            )
        )

    def _flush_batch(self, claim: Claim, report: FlushReport) -> None:
        try:
            distilled = self._distil(claim)
        except ObserverError as error:
            report.failure = f"{error.kind}: {error}"
            self._fail(claim, _failure(error))
            return
        except BaseException:
            # Stopped, or a bug of ours: the stream must not stay taken while this process lives.
            self._fail(claim, Failure(kind="bug", message="the flush was broken off"))
            raise
        try:
            written = self._store.write(lambda db: _commit(db, claim, distilled))
        except LeaseLost as error:
            report.failure = str(error)
            return
        report.events += claim.end_seq - claim.start_seq + 1
        report.memory_ids += written
        report.runtime = distilled.runtime or report.runtime
        announce(self._store, self._plugins, written)

    def _distil(self, claim: Claim) -> Distilled:
        return distil(self._observing, claim, stored_events(self._store, claim))

    def _fail(self, claim: Claim, failure: Failure) -> None:
        try:
            self._store.write(lambda db: batches.fail(db, claim, failure, now_ms=_now_ms()))
        except LeaseLost:
            return  # the new owner decides what becomes of the batch


def _commit(db: apsw.Connection, claim: Claim, distilled: Distilled) -> list[int]:
    """Write the batch's memories and its completion: all of it or nothing."""
    now_ms = _now_ms()
    session = sessions.of_stream(
        db,
        (claim.source, claim.stream_id),
        project=claim.project,
        cwd=claim.cwd,
        started_ms=epoch_ms(claim.started_at) if claim.started_at else now_ms,
    )
    written = [
        memories.add(
            db,
            replace(new, key=memory_key(claim, EXTRACTOR, ordinal)),
            session_id=session,
            batch=claim.batch,
            now_ms=now_ms,
        )
        for ordinal, new in enumerate(distilled.memories)
    ]
    batches.finish(db, claim, now_ms=now_ms)
    return [memory_id for memory_id in written if memory_id is not None]


def _failure(error: ObserverError) -> Failure:
    asked = error.retry_after_s if isinstance(error, RateLimited) else None
    return Failure(kind=error.kind, message=str(error), retry_after_ms=int((asked or 0) * 1000))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
