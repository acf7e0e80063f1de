"""The flush queue: claim a stream, finish or fail its batch, and refuse results that came late."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.owner import is_alive, new_owner

MAX_ATTEMPTS = 8
"""A batch that failed so often is set aside as dead; the stream goes on without it."""
_FIRST_PAUSE_MS = 5_000
_LONGEST_PAUSE_MS = 3_600_000
_NOT_THE_BATCHS_FAULT = frozenset({"auth", "rate_limited"})
"""A missing key or a used-up quota says nothing of the batch: it waits as long as it takes."""


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


_STREAM = """
    SELECT id, lease_owner, lease_epoch, last_flushed_seq, last_received_seq,
           project, cwd, started_at
      FROM streams WHERE source = ? AND stream_id = ?
"""

_OPEN_BATCH = """
    SELECT end_seq, retry_ms FROM batches
     WHERE stream = ? AND start_seq = ? AND extractor = ? 
       AND state IN ('pending', 'failed', 'claimed')
     ORDER BY id LIMIT 1
"""

_TAKE_BATCH = """
    INSERT INTO batches (stream, start_seq, end_seq, extractor, state, epoch, attempts,
                         created_ms, updated_ms)
    VALUES (:stream, :start, :end, :extractor, 'claimed', :epoch, 1, :now, :now)
    ON CONFLICT (stream, start_seq, end_seq, extractor) DO UPDATE SET
        state = 'claimed', epoch = :epoch, attempts = attempts + 1, updated_ms = :now
    RETURNING id, attempts
"""


def claim(
    db: apsw.Connection, key: tuple[str, str], *, extractor: str, max_events: int, now_ms: int
) -> Claim | None:
    """Take the oldest waiting events of stream `key` (source, stream id), at most `max_events`.

    Returns None when nothing waits, when a living process has the stream, or when its last failure
    still asks for patience. A batch that was tried before keeps its range.
    """
    row = db.execute(_STREAM, key).fetchone()
    if row is None:
        return None
    stream, owner, epoch, flushed, received, project, cwd, started_at = row
    if received <= flushed or (owner is not None and is_alive(owner)):
        return None
    start = flushed + 1
    end = min(received, flushed + max_events) if max_events > 0 else received
    if tried := db.execute(_OPEN_BATCH, (stream, start, extractor)).fetchone():
        end, retry_ms = tried
        if retry_ms > now_ms:
            return None
    epoch += 1
    db.execute(
        "UPDATE streams SET lease_owner = ?, lease_epoch = ?, lease_beat = 0 WHERE id = ?",
        (new_owner(), epoch, stream),
    )
    taken = {"stream": stream, "start": start, "end": end, "extractor": extractor}
    batch, attempt = db.execute(_TAKE_BATCH, {**taken, "epoch": epoch, "now": now_ms}).get
    return Claim(
        batch=batch,
        stream=stream,
        source=key[0],
        stream_id=key[1],
        start_seq=start,
        end_seq=end,
        epoch=epoch,
        attempt=attempt,
        project=project,
        cwd=cwd,
        started_at=started_at,
    )


def finish(db: apsw.Connection, claim: Claim, *, now_ms: int) -> None:
    """Complete the batch, move the cursor and give the stream back.

    Call it last in the transaction that writes the batch's memories: raises `LeaseLost`, which
    undoes them, when the lease is no longer ours.
    """
    _give_back(db, claim, flushed_seq=claim.end_seq)
    db.execute(
        "UPDATE batches SET state = 'completed', error = NULL, error_kind = NULL, updated_ms = ?"
        " WHERE id = ?",
        (now_ms, claim.batch),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a batch could not be finished."""

    kind: str
    """The error class: auth, rate_limited, transient, permanent or bug."""
    message: str
    retry_after_ms: int = 0
    """The least pause the provider asked for."""


def fail(db: apsw.Connection, claim: Claim, failure: Failure, *, now_ms: int) -> str:
    """Record why the batch failed and when it may be tried again; return its new state.

    After `MAX_ATTEMPTS` it is `dead`: its events stay, the cursor passes them, and a person may
    replay it. Otherwise `failed`, with a pause that doubles and is drawn at random below that.
    Raises `LeaseLost`.
    """
    dead = claim.attempt >= MAX_ATTEMPTS and failure.kind not in _NOT_THE_BATCHS_FAULT
    _give_back(db, claim, flushed_seq=claim.end_seq if dead else claim.start_seq - 1)
    longest = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(claim.attempt, 10))
    pause = max(failure.retry_after_ms, secrets.randbelow(longest))
    state = "dead" if dead else "failed"
    db.execute(
        "UPDATE batches SET state = ?, error_kind = ?, error = ?, retry_ms = ?, updated_ms = ?"
        " WHERE id = ?",
        (state, failure.kind, failure.message[:400], now_ms + pause, now_ms, claim.batch),
    )
    return state


def release(db: apsw.Connection, claim: Claim) -> None:
    """Give the stream back untried, as when the server stops in the middle."""
    _give_back(db, claim, flushed_seq=claim.start_seq - 1)
    db.execute(
        "UPDATE batches SET state = 'pending', attempts = attempts - 1 WHERE id = ?", (claim.batch,)
    )


def _give_back(db: apsw.Connection, claim: Claim, *, flushed_seq: int) -> None:
    db.execute(
        "UPDATE streams SET lease_owner = NULL, last_flushed_seq = ?"
        " WHERE id = ? AND lease_epoch = ? AND lease_owner IS NOT NULL",
        (flushed_seq, claim.stream, claim.epoch),
    )
    if not db.changes():
        raise LeaseLost(f"the stream was taken over meanwhile: `{claim.stream_id}`")
