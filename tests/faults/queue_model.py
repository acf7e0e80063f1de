"""What the flush queue should do, said as simply as possible, to compare the real one with."""

from __future__ import annotations

from dataclasses import dataclass, field

POISON = 8
STRIKES = dict.fromkeys(("settings", "auth", "rate_limited", "unreachable"), 0) | {
    "transient": 3,
    "permanent": 8,
    "bug": 8,
}
DEAD_AT = 24
OPEN = {"pending", "failed", "claimed"}


@dataclass
class Batch:
    """A stretch of a stream's events."""

    start: int
    end: int
    state: str = "pending"
    attempts: int = 0
    strikes: int = 0
    retry_ms: int = 0
    updated_ms: int = 0

    def must_wait(self, now_ms: int) -> bool:
        """Say whether its pause goes on; one that was set in the future does not."""
        return self.retry_ms > now_ms >= self.updated_ms


@dataclass
class Stream:
    """A stream's events, its cursor, and who has it."""

    events: list[str] = field(default_factory=list)
    """All ids ever taken, by sequence number."""
    gone: set[int] = field(default_factory=set)
    """Numbers that retention deleted."""
    flushed: int = -1
    epoch: int = 0
    owner: str = ""
    """Empty, `alive` or `dead`."""
    batches: list[Batch] = field(default_factory=list)
    effects: list[tuple[int, int]] = field(default_factory=list)
    """The stretches whose memories were written, each once."""


class Queue:
    """The oracle: every method does what the queue should do and returns what it should return."""

    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}
        self.now_ms = 1_780_000_000_000

    def append(self, name: str, ids: list[str]) -> int:
        """Take the ids that are new and return how many."""
        stream = self.streams.setdefault(name, Stream())
        kept = {id_ for seq, id_ in enumerate(stream.events) if seq not in stream.gone}
        before = len(stream.events)
        for id_ in ids:
            if id_ not in kept:
                kept.add(id_)
                stream.events.append(id_)
        return len(stream.events) - before

    def claim(self, name: str, most: int, *, silent: bool = False) -> Batch | None:
        """Return the batch a claim gets; `silent`: a living owner's heart has stopped."""
        stream = self.streams.get(name)
        if stream is None or (stream.owner == "alive" and not silent):
            return None
        start, received = stream.flushed + 1, len(stream.events) - 1
        if start > received:
            return None
        batch = next((b for b in stream.batches if b.start == start and b.state in OPEN), None)
        if batch is None:
            batch = Batch(start, min(received, start + most - 1))
            stream.batches.append(batch)
        elif batch.must_wait(self.now_ms):
            return None
        elif batch.state == "claimed" and self._is_poisoned(stream, batch):
            return self.claim(name, most, silent=True)
        return self._take(stream, batch)

    def claim_again(self, name: str, batch: Batch) -> Batch | None:
        """Return the batch when its stream is free."""
        stream = self.streams[name]
        return None if stream.owner == "alive" else self._take(stream, batch)

    def _is_poisoned(self, stream: Stream, batch: Batch) -> bool:
        batch.strikes += POISON
        batch.updated_ms = self.now_ms
        if batch.strikes >= DEAD_AT:
            batch.state = "dead"
            stream.flushed = batch.end
        return batch.state == "dead"

    def _take(self, stream: Stream, batch: Batch) -> Batch:
        stream.epoch += 1
        stream.owner = "alive"
        batch.attempts += 1
        batch.updated_ms = self.now_ms
        if batch.state != "dead":
            batch.state = "claimed"
        return batch

    def give_back(self, name: str, epoch: int) -> bool:
        """Say whether a result under this lease counts, and free the stream if it does."""
        stream = self.streams[name]
        if stream.epoch != epoch or not stream.owner:
            return False
        stream.owner = ""
        return True

    def finish(self, name: str, batch: Batch) -> None:
        """Write the batch's memories and pass its events."""
        stream = self.streams[name]
        stream.effects.append((batch.start, batch.end))
        stream.flushed = max(stream.flushed, batch.end)
        batch.state = "completed"
        batch.updated_ms = self.now_ms

    def fail(self, name: str, batch: Batch, kind: str) -> str:
        """Count the failure and return the batch's new state."""
        stream = self.streams[name]
        batch.strikes += STRIKES[kind]
        batch.updated_ms = self.now_ms
        if batch.state == "dead" or batch.strikes >= DEAD_AT:
            batch.state = "dead"
            stream.flushed = max(stream.flushed, batch.end)
        else:
            batch.state = "failed"
        return batch.state

    def release(self, batch: Batch) -> None:
        """Undo the claim."""
        batch.attempts -= 1
        if batch.state != "dead":
            batch.state = "pending"

    def retryable(self, name: str) -> list[Batch]:
        """Return what a person may have tried again, oldest first."""
        stream = self.streams[name]
        found = [
            b
            for b in stream.batches
            if b.state == "dead" or (b.state == "failed" and b.start > stream.flushed)
        ]
        return sorted(found, key=lambda b: b.start)

    def may_go(self, name: str) -> set[int]:
        """Return the numbers of the events retention may delete, if they are old enough."""
        stream = self.streams[name]
        kept = {
            seq
            for b in stream.batches
            if b.state != "completed"
            for seq in range(b.start, b.end + 1)
        }
        return set(range(stream.flushed + 1)) - kept - stream.gone
