"""One batch: claim, collect the evidence, observe, extract, commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import apsw

from codemem_core import tracing
from codemem_core.capture import note_reader
from codemem_core.config.settings import Settings
from codemem_core.distil import verbatim
from codemem_core.distil.code_binding import bound_to_code
from codemem_core.distil.distiller import (
    Distilled,
    announce,
    around,
    distil,
    memory_key,
    stored_events,
)
from codemem_core.distil.preferences import preferences_in
from codemem_core.distil.reconcile import settle
from codemem_core.distil.usage_feedback import note_uses
from codemem_core.errors import (
    AuthError,
    ObserverError,
    PermanentError,
    RateLimited,
    StoreError,
    UnusableAnswer,
)
from codemem_core.flush.circuit_breaker import Breaker, Held
from codemem_core.flush.heartbeat import Heart
from codemem_core.flush.pace import Pace
from codemem_core.observers.budget import Purse
from codemem_core.observers.observe import Observed, Observing
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import RawEvent, StreamKey, epoch_ms
from codemem_core.records.evidence import Evidence
from codemem_core.store import batches, events, sessions
from codemem_core.store.batches import Claim, Failure, LeaseLost
from codemem_core.store.engine.lease_owner import BEAT_S, Pulses
from codemem_core.store.engine.store import Store

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


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a batch that was tried again."""

    batch: int
    report: FlushReport


def wall_ms() -> int:
    """Return epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Flusher:
    """Turns the waiting events of a stream into memories.

    May be used from several threads; a stream is only ever flushed by one of them, in one process.
    """

    def __init__(  # noqa: PLR0913 - what tests and the worker set
        self,
        store: Store,
        plugins: Plugins,
        settings: Settings,
        *,
        now_ms: Callable[[], int] = wall_ms,
        clock: Callable[[], float] = time.monotonic,
        beat_s: float = BEAT_S,
        given_up: Callable[[Claim], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        """Take a wall clock, one that counts seconds, and the pause between two heartbeats.

        `given_up` is told of each flush that hangs; `pace` says when a flush may compute.
        """
        self._pace = pace or Pace()
        self._store = store
        self._plugins = plugins
        self._observing = Observing(plugins, settings, purse=Purse(store, settings))
        self._max_events = settings.number("raw_events_worker_max_events")
        self._now_ms = now_ms
        self._pulses = Pulses(beat_s=beat_s, clock=clock)
        self._breaker = Breaker(clock=clock)
        stuck_s = settings.number("raw_events_stuck_batch_ms") / 1000
        self._heart = Heart(store, now_ms=now_ms, stuck_s=stuck_s, given_up=given_up, beat_s=beat_s)
        self._stopped = False

    def flush(self, source: str, stream_id: str, *, max_events: int | None = None) -> FlushReport:
        """Flush everything that waits, batch by batch, and report.

        An observer that fails leaves its batch for a later try; that is in the report, not raised.
        """
        report = FlushReport()
        limit = self._max_events if max_events is None else max_events
        while not (report.failure or self._stopped or self.held_s()):
            claim = self._claim(StreamKey(source, stream_id), limit)
            if claim is None:
                break
            self._flush_batch(claim, report)
        return report

    def retry(self, source: str, stream_id: str, *, limit: int) -> Iterator[Retried]:
        """Flush up to `limit` failed or dead batches of a stream again, oldest first, each alone.

        Flushed events stay flushed. A batch that a living process works on is left out.
        """
        with self._store.read() as db:
            found = batches.retryable(db, StreamKey(source, stream_id), limit=limit)
        for batch in found:
            report = self.retry_batch(batch)
            if report is not None:
                yield Retried(batch, report)

    def retry_batch(self, batch: int) -> FlushReport | None:
        """Flush one failed or dead batch again; None when a living process has its stream."""
        claim = self._claim_again(batch)
        if claim is None:
            return None
        report = FlushReport()
        self._flush_batch(claim, report)
        return report

    def held_s(self) -> float:
        """Return for how many seconds the observer is not to be asked; 0 normally."""
        return self._breaker.held_s()

    def ask_again(self) -> None:
        """Forget that the observer failed: the next flush asks it."""
        self._breaker.succeeded()

    def wind_down(self) -> None:
        """Begin no further batch."""
        self._stopped = True

    def stop(self) -> None:
        """Give back what is still being flushed; its result will be refused."""
        self.wind_down()
        self._heart.stop()

    def _claim(self, key: StreamKey, limit: int) -> Claim | None:
        return self._store.write(
            lambda db: batches.claim(
                db,
                key,
                extractor=EXTRACTOR,
                max_events=limit,
                now_ms=self._now_ms(),
                pulses=self._pulses,
            )
        )

    def _claim_again(self, batch: int) -> Claim | None:
        return self._store.write(
            lambda db: batches.claim_again(
                db, batch, extractor=EXTRACTOR, now_ms=self._now_ms(), pulses=self._pulses
            )
        )

    def _flush_batch(self, claim: Claim, report: FlushReport) -> None:
        stream = StreamKey(claim.source, claim.stream_id)
        flushing = tracing.span("codemem.flush", stream=stream, codemem__batch=claim.batch)
        with self._heart.beating(claim), self._pace.turn(), flushing:
            try:
                # What a hook told just before must be known when its use is looked for.
                note_reader.take(self._store)
                raw = stored_events(self._store, self._plugins, claim)
                report.memory_ids += self._remember_preferences(claim, raw)
                distilled = self._distilled(claim, raw)
                found = bound_to_code(distilled.memories, claim.cwd, now_ms=self._now_ms())
                distilled = replace(distilled, memories=found)
                with tracing.span("update_memory", gen_ai__operation__name="update_memory") as told:
                    written = self._store.write(
                        lambda db: _commit(db, claim, distilled, raw, now_ms=self._now_ms())
                    )
                    told.set(codemem__memories=len(written))
            except LeaseLost as error:
                report.failure = str(error)
                return
            except ObserverError as error:
                report.failure = f"{error.kind}: {error}"
                self._give_back(claim, error)
                return
            except BaseException as error:
                # Stopped, or a bug of ours: the stream must not stay taken while we live.
                self._give_back(claim, error)
                raise
        report.events += claim.end_seq - claim.start_seq + 1
        report.memory_ids += written
        report.runtime = distilled.runtime or report.runtime
        announce(self._store, self._plugins, written)

    def _distilled(self, claim: Claim, raw: Sequence[RawEvent]) -> Distilled:
        """Ask the model; when it cannot answer, an offline runtime does, and that is recorded."""
        beside = around(self._store, claim, raw)
        try:
            return distil(self._observe, claim, raw, beside=beside)
        except ObserverError as error:
            if not self._gives_up(claim, error):
                raise
            failure = error
        try:
            observe = partial(self._observing.fall_back, error=failure)
            return distil(observe, claim, raw, beside=beside)
        except AuthError:
            raise failure from None  # no offline runtime is installed

    def _gives_up(self, claim: Claim, error: ObserverError) -> bool:
        """Say whether asking the model about this batch again is in vain."""
        if isinstance(error, Held):
            return False
        with self._store.read() as db:
            last = batches.is_last_try(db, claim, kind=error.kind)
        return last or isinstance(error, PermanentError)

    def _remember_preferences(self, claim: Claim, raw: Sequence[RawEvent]) -> list[int]:
        """Write what the user's prompts say is to be done from now on, and return its ids.

        Before the observer is asked, and in a transaction of its own: it holds whatever a model
        makes of the rest, and when none answers. Keys make that harmless when it is tried again.
        """
        found = preferences_in(raw)
        if not found:
            return []

        def write(db: apsw.Connection) -> list[int]:
            now_ms = self._now_ms()
            session = _session_of(db, claim, now_ms=now_ms)
            written = [settle(db, new, session_id=session, now_ms=now_ms) for new in found]
            return [memory_id for memory_id in written if memory_id is not None]

        written = self._store.write(write)
        announce(self._store, self._plugins, written)
        return written

    def _observe(self, evidence: Evidence) -> Observed:
        self._breaker.check()
        try:
            with (
                self._pace.given_away(),
                tracing.span("chat", gen_ai__operation__name="chat") as told,
            ):
                observed = self._observing.observe(evidence)
                told.set(
                    gen_ai__response__model=observed.reply.model or observed.runtime,
                    gen_ai__usage__input_tokens=observed.reply.tokens_in,
                    gen_ai__usage__output_tokens=observed.reply.tokens_out,
                )
        except (PermanentError, UnusableAnswer):
            self._breaker.succeeded()  # it answered, and will answer others
            raise
        except ObserverError as error:
            self._breaker.failed(_asked_pause_s(error))
            raise
        self._breaker.succeeded()
        return observed

    def _give_back(self, claim: Claim, error: BaseException) -> None:
        """Leave the batch to a later try; if the lease is lost, its new owner decides."""
        untried = isinstance(error, Held | KeyboardInterrupt | SystemExit)
        try:
            if untried:
                self._store.write(lambda db: batches.release(db, claim))
            else:
                failure = _failure(error)
                self._store.write(
                    lambda db: batches.fail(db, claim, failure, now_ms=self._now_ms())
                )
        except LeaseLost:
            return


def _commit(
    db: apsw.Connection,
    claim: Claim,
    distilled: Distilled,
    raw: Sequence[RawEvent],
    *,
    now_ms: int,
) -> list[int]:
    """Write the batch's memories, what it used and its completion: all of it or nothing."""
    key = StreamKey(claim.source, claim.stream_id)
    note_uses(db, key, raw)
    session = _session_of(db, claim, now_ms=now_ms)
    written = [
        settle(
            db,
            replace(new, key=memory_key(claim, EXTRACTOR, ordinal)),
            session_id=session,
            batch=claim.batch,
            now_ms=now_ms,
        )
        for ordinal, new in enumerate(distilled.memories)
    ]
    events.mark_outside(db, claim.stream, distilled.outside)
    verbatim.add(db, claim.stream, distilled.messages, last=claim.end_seq)
    gave_up = Failure(kind=distilled.error_kind, message=distilled.error)
    batches.finish(db, claim, gave_up if distilled.error_kind else None, now_ms=now_ms)
    return [memory_id for memory_id in written if memory_id is not None]


def _session_of(db: apsw.Connection, claim: Claim, *, now_ms: int) -> int:
    return sessions.of_stream(
        db,
        StreamKey(claim.source, claim.stream_id),
        project=claim.project,
        cwd=claim.cwd,
        started_ms=epoch_ms(claim.started_at) if claim.started_at else now_ms,
    )


def _failure(error: BaseException) -> Failure:
    if isinstance(error, ObserverError):
        pause_ms = int(_asked_pause_s(error) * 1000)
        return Failure(kind=error.kind, message=str(error), retry_after_ms=pause_ms)
    if isinstance(error, StoreError):
        return Failure(kind="transient", message=str(error))
    # The text of a bug may hold anything, even what it was to keep secret.
    return Failure(kind="bug", message=f"the flush broke off with {type(error).__name__}")


def _asked_pause_s(error: ObserverError) -> float:
    """Return the pause the provider asked for, 0 if it asked for none."""
    return (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
