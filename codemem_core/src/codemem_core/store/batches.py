"""The flush queue: claim a stream, finish or fail its batch, and refuse results that came late."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import apsw

from codemem_core.errors import StoreError
from codemem_core.records.event import StreamKey
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.lease_owner import Pulses, is_alive, new_owner

_FIRST_PAUSE_MS = 5_000
_LONGEST_PAUSE_MS = 3_600_000
_LONGEST_ASKED_MS = 86_400_000
_DEAD_AT = 24
_STRIKES = {
    # The settings, the key, the provider or the network are to blame: the batch waits for them.
    "settings": 0,
    "auth": 0,
    "rate_limited": 0,
    "unreachable": 0,
    # The same batch will fail again, or take its process down again: 3 tries.
    "permanent": 8,
    "bug": 8,
    "poison": 8,
    # It answered, and each answer may have cost: 4 tries.
    "unusable": 6,
}
_STRIKE = 3
"""Everything else, so 8 tries."""
_LONGEST_ERROR = 400


class LeaseLost(StoreError):
    """Somebody else took the stream over meanwhile; this result is thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to flush one batch of a stream."""

    batch: int
    stream: int
    source: str
    stream_id: str
    start_seq: int
    end_seq: int
    epoch: int
    """Number of the lease: every later write must still find it in force."""
    attempt: int
    """1 for the first try."""
    project: str | None
    cwd: str | None
    started_at: str | None


@dataclass(frozen=True, slots=True)
class _Stream:
    id: int
    source: str
    stream_id: str
    owner: str | None
    epoch: int
    beat: int
    flushed: int
    received: int
    project: str | None
    cwd: str | None
    started_at: str | None


_STREAM = """
    SELECT id, source, stream_id, lease_owner, lease_epoch, lease_beat, last_flushed_seq,
           last_received_seq, project, cwd, started_at
      FROM streams
"""

_OPEN_BATCH = """
    SELECT id, end_seq, state, strikes, retry_ms > :now AND updated_ms <= :now
      FROM batches
     WHERE stream = :stream AND start_seq = :start AND state IN ('pending', 'failed', 'claimed')
"""

_NEW_BATCH = """
    INSERT INTO batches (stream, start_seq, end_seq, extractor, state, created_ms, updated_ms)
    VALUES (:stream, :start, :end, :extractor, 'pending', :now, :now)
"""

# A dead batch stays dead while it is tried again, so a crash leaves nothing to be mended.
_TAKE_BATCH = """
    UPDATE batches SET state = iif(state = 'dead', state, 'claimed'), extractor = :extractor,
           epoch = :epoch, attempts = attempts + 1, updated_ms = :now
     WHERE id = :batch
    RETURNING start_seq, end_seq, attempts
"""


def claim(  # noqa: PLR0913 - what, how much, by what rule, and when
    db: apsw.Connection,
    key: StreamKey,
    *,
    extractor: str,
    max_events: int,
    now_ms: int,
    pulses: Pulses | None = None,
) -> Claim | None:
    """Take the oldest waiting events of stream `key` (source, stream id), at most `max_events`.

    Returns None when nothing waits, when a living process has the stream, or when its last failure
    still asks for patience. A batch that was tried before keeps its range. `pulses` tells living
    owners from stopped ones; without it every process that exists counts as living.
    """
    stream = _free_stream(db, "source = ? AND stream_id = ?", key, pulses)
    if stream is None or stream.received <= stream.flushed:
        return None
    start = stream.flushed + 1
    found = db.execute(_OPEN_BATCH, {"stream": stream.id, "start": start, "now": now_ms}).fetchone()
    if found is None:
        last = start + max_events - 1 if max_events > 0 else stream.received
        end = min(stream.received, last)
        new = {"stream": stream.id, "start": start, "end": end, "extractor": extractor}
        db.execute(_NEW_BATCH, {**new, "now": now_ms})
        return _take(db, stream, db.last_insert_rowid(), extractor, now_ms)
    batch, end, state, strikes, must_wait = found
    if must_wait:
        return None
    # Claimed, yet free: its owner went in the middle of it, and may have gone because of it.
    if state == "claimed" and _poisoned(db, batch, strikes, now_ms):
        _move_cursor(db, stream.id, end)
        return claim(
            db, key, extractor=extractor, max_events=max_events, now_ms=now_ms, pulses=pulses
        )
    return _take(db, stream, batch, extractor, now_ms)


def claim_again(
    db: apsw.Connection, batch: int, *, extractor: str, now_ms: int, pulses: Pulses | None = None
) -> Claim | None:
    """Take a batch that failed or died, at once; None when a living process has its stream."""
    which = "id = (SELECT stream FROM batches WHERE id = ? AND state IN ('failed', 'dead'))"
    stream = _free_stream(db, which, (batch,), pulses)
    return _take(db, stream, batch, extractor, now_ms) if stream else None


def _free_stream(
    db: apsw.Connection, where: str, values: tuple[str | int, ...], pulses: Pulses | None
) -> _Stream | None:
    """Return the stream, None when there is none or a living owner has it."""
    row = db.execute(f"{_STREAM} WHERE {where}", values).fetchone()
    if row is None:
        return None
    stream = _Stream(*row)
    if stream.owner is None or not is_alive(stream.owner):
        return stream
    if pulses and pulses.is_silent(stream.id, epoch=stream.epoch, beat=stream.beat):
        return stream
    return None


def _take(db: apsw.Connection, stream: _Stream, batch: int, extractor: str, now_ms: int) -> Claim:
    epoch = stream.epoch + 1
    db.execute(
        "UPDATE streams SET lease_owner = ?, lease_epoch = ?, lease_beat = 0 WHERE id = ?",
        (new_owner(), epoch, stream.id),
    )
    values = {"batch": batch, "extractor": extractor, "epoch": epoch, "now": now_ms}
    start, end, attempt = db.execute(_TAKE_BATCH, values).get
    return Claim(
        batch=batch,
        stream=stream.id,
        source=stream.source,
        stream_id=stream.stream_id,
        start_seq=start,
        end_seq=end,
        epoch=epoch,
        attempt=attempt,
        project=stream.project,
        cwd=stream.cwd,
        started_at=stream.started_at,
    )


def _poisoned(db: apsw.Connection, batch: int, strikes: int, now_ms: int) -> bool:
    """Count one more owner lost over this batch; set it aside when that is one too many."""
    strikes += _STRIKES["poison"]
    dead = strikes >= _DEAD_AT
    db.execute(
        "UPDATE batches SET strikes = ?, state = ?, error_kind = 'poison', error = ?,"
        " updated_ms = ? WHERE id = ?",
        (
            strikes,
            "dead" if dead else "claimed",
            "the process that flushed it ended or stopped in the middle",
            now_ms,
            batch,
        ),
    )
    return dead


def beat(db: apsw.Connection, claims: Iterable[Claim]) -> None:
    """Show that the owner of these claims is alive; a claim that was lost is passed over."""
    db.executemany(
        "UPDATE streams SET lease_beat = lease_beat + 1"
        " WHERE id = ? AND lease_epoch = ? AND lease_owner IS NOT NULL",
        [(claim.stream, claim.epoch) for claim in claims],
    )


def finish(
    db: apsw.Connection, claim: Claim, gave_up: Failure | None = None, *, now_ms: int
) -> None:
    """Complete the batch, move the cursor and give the stream back.

    `gave_up` says why an offline observer answered in place of a model; it stays with the batch
    until the model is asked again. Call it last in the transaction that writes the batch's
    memories: raises `LeaseLost`, which undoes them, when the lease is no longer ours.
    """
    _give_back(db, claim)
    _move_cursor(db, claim.stream, claim.end_seq)
    db.execute(
        "UPDATE batches SET state = 'completed', error_kind = ?, error = ?, updated_ms = ?"
        " WHERE id = ?",
        (
            gave_up.kind if gave_up else None,
            gave_up.message[:_LONGEST_ERROR] if gave_up else None,
            now_ms,
            claim.batch,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a batch could not be finished."""

    kind: str
    """The error class: settings, auth, rate_limited, unreachable, transient, permanent or bug."""
    message: str
    retry_after_ms: int = 0
    """The least pause the provider asked for."""


_STRIKES_SO_FAR = "SELECT strikes, state = 'dead' FROM batches WHERE id = ?"


def fail(db: apsw.Connection, claim: Claim, failure: Failure, *, now_ms: int) -> str:
    """Record why the batch failed and when it may be tried again; return its new state.

    After 8 transient or 3 permanent failures, or a mixture, it is `dead`: its events stay, the
    cursor passes them, and a person may replay it. Otherwise `failed`, with a pause drawn at
    random below a limit that doubles. Raises `LeaseLost`.
    """
    _give_back(db, claim)
    # As it is now: a taker that found us silent may have counted us lost, and set the batch aside.
    strikes, was_dead = db.execute(_STRIKES_SO_FAR, (claim.batch,)).get
    strikes += _STRIKES.get(failure.kind, _STRIKE)
    dead = was_dead or strikes >= _DEAD_AT
    if dead:
        _move_cursor(db, claim.stream, claim.end_seq)
    longest = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(claim.attempt, 10))
    asked = min(failure.retry_after_ms, _LONGEST_ASKED_MS)
    state = "dead" if dead else "failed"
    changed = {
        "batch": claim.batch,
        "state": state,
        "strikes": strikes,
        "kind": failure.kind,
        "error": failure.message[:_LONGEST_ERROR],
        "retry": now_ms + max(asked, secrets.randbelow(longest)),
        "now": now_ms,
    }
    db.execute(
        "UPDATE batches SET state = :state, strikes = :strikes, error_kind = :kind,"
        " error = :error, retry_ms = :retry, updated_ms = :now WHERE id = :batch",
        changed,
    )
    return state


def is_last_try(db: apsw.Connection, claim: Claim, *, kind: str) -> bool:
    """Say whether a failure of this class would set the batch aside, or left it there."""
    strikes, was_dead = db.execute(_STRIKES_SO_FAR, (claim.batch,)).get
    return bool(was_dead) or strikes + _STRIKES.get(kind, _STRIKE) >= _DEAD_AT


def release(db: apsw.Connection, claim: Claim) -> None:
    """Give the stream back untried, as when the server stops in the middle. Raises `LeaseLost`."""
    _give_back(db, claim)
    db.execute(
        "UPDATE batches SET state = iif(state = 'dead', state, 'pending'), attempts = attempts - 1"
        " WHERE id = ?",
        (claim.batch,),
    )


def _give_back(db: apsw.Connection, claim: Claim) -> None:
    """Free the stream if this claim still holds it: the fence every result has to pass."""
    db.execute(
        "UPDATE streams SET lease_owner = NULL"
        " WHERE id = ? AND lease_epoch = ? AND lease_owner IS NOT NULL",
        (claim.stream, claim.epoch),
    )
    if not db.changes():
        raise LeaseLost(f"the stream was taken over meanwhile: `{claim.stream_id}`")


def _move_cursor(db: apsw.Connection, stream: int, flushed_seq: int) -> None:
    """Count events up to `flushed_seq` as flushed; the cursor never goes back."""
    db.execute(
        "UPDATE streams SET last_flushed_seq = max(last_flushed_seq, ?) WHERE id = ?",
        (flushed_seq, stream),
    )


_RETRYABLE = """
    SELECT b.id
      FROM batches b JOIN streams s ON s.id = b.stream
     WHERE s.source = ? AND s.stream_id = ?
       AND (b.state = 'dead' OR b.state = 'failed' AND b.start_seq > s.last_flushed_seq)
     ORDER BY b.start_seq
     LIMIT ?
"""


def retryable(db: apsw.Connection, key: StreamKey, *, limit: int) -> list[int]:
    """Return the batches of a stream that failed or died, oldest events first."""
    return [batch for (batch,) in rows(db, _RETRYABLE, (*key, limit))]


def failed_stream(db: apsw.Connection, batch: int) -> StreamKey | None:
    """Return source and stream id of a batch that failed or died; None of any other."""
    query = """SELECT s.source, s.stream_id FROM batches b JOIN streams s ON s.id = b.stream
                WHERE b.id = ? AND b.state IN ('failed', 'dead')"""
    found: list[tuple[str, str]] = rows(db, query, (batch,))
    return StreamKey(*found[0]) if found else None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A batch no model answered: it waits for its next try, was given up, or has a stand-in."""

    batch: int
    source: str
    stream_id: str
    start_seq: int
    end_seq: int
    attempts: int
    error_kind: str
    error: str
    retry_ms: int
    """Epoch milliseconds before which it is not tried; a batch that was given up never is."""
    updated_ms: int


_IN_STATE = """
    SELECT b.id, s.source, s.stream_id, b.start_seq, b.end_seq, b.attempts, b.error_kind, b.error,
           b.retry_ms, b.updated_ms
      FROM batches b JOIN streams s ON s.id = b.stream
     WHERE b.state = ? AND b.state <> 'completed'
     ORDER BY b.updated_ms DESC, b.id DESC
     LIMIT ?
"""


def dead(db: apsw.Connection, *, limit: int) -> list[Unfinished]:
    """Return the batches that were given up, newest first."""
    return [Unfinished(*row) for row in rows(db, _IN_STATE, ("dead", limit))]


def failed(db: apsw.Connection, *, limit: int) -> list[Unfinished]:
    """Return the batches that wait for another try, the latest failure first."""
    return [Unfinished(*row) for row in rows(db, _IN_STATE, ("failed", limit))]


_WITHOUT_MODEL = _IN_STATE.replace(
    "b.state = ? AND b.state <> 'completed'", "b.state = ? AND b.error IS NOT NULL"
)


def without_model(db: apsw.Connection, *, limit: int) -> list[Unfinished]:
    """Return the batches an offline observer answered because the model failed, newest first."""
    return [Unfinished(*row) for row in rows(db, _WITHOUT_MODEL, ("completed", limit))]


def expect_mended(db: apsw.Connection) -> int:
    """Let batches that waited for settings or a key be tried at once, and return how many.

    Call when the settings were read anew: what was wrong with them may have been mended.
    """
    db.execute(
        "UPDATE batches SET retry_ms = 0"
        " WHERE state = 'failed' AND error_kind IN ('settings', 'auth', 'unreachable')"
    )
    return db.changes()
