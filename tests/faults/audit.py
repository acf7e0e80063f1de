"""Look at a database after the disaster: everything that was promised is there, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from codemem_core.records.event import RawEvent
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the events that somebody was told are stored; all but `acked` should be 0."""

    acked: int = 0
    lost: int = 0
    dup: int = 0
    corrupt: int = 0
    """1 when SQLite's own check, the numbering of a stream or the ledger is wrong."""

    def __add__(self, other: Verdict) -> Verdict:
        """Add up what several databases say."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Verdict(*(mine + others for mine, others in pairs))

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, nothing damaged."""
        return not (self.lost or self.dup or self.corrupt)


_TEXT = "payload ->> '$.text'"


def event(text: str, *, stream: str = "s", size: int = 200) -> RawEvent:
    """Make an event whose payload and id hold `text`."""
    payload = {"text": text, "filling": "x" * size}
    return RawEvent(
        source="faults", stream_id=stream, event_id=text, event_type="t", payload=payload
    )


def audit(path: str, acknowledged: Iterable[str], *, text: str = _TEXT) -> Verdict:
    """Compare the database with what was acknowledged; the SQL `text` finds an event's name."""
    wanted = set(acknowledged)
    with Store.open(path) as store, store.read() as db:
        texts = [name for (name,) in rows(db, f"SELECT {text} FROM raw_events")]
        sound = rows(db, "PRAGMA integrity_check") == [("ok",)]
        numbered = rows(db, _BADLY_NUMBERED) == [(0,)]
        balanced = rows(db, _UNBALANCED) == [(0,)]
    twice = sum(1 for count in Counter(texts).values() if count > 1)
    corrupt = int(not (sound and numbered and balanced))
    return Verdict(len(wanted), len(wanted.difference(texts)), twice, corrupt)


_BADLY_NUMBERED = """
    SELECT count(*) FROM
        (SELECT s.last_received_seq AS last, count(e.id) AS n, min(e.seq) AS low, max(e.seq) AS high
           FROM streams s LEFT JOIN raw_events e ON e.stream = s.id GROUP BY s.id)
     WHERE n <> last + 1 OR low <> 0 OR high <> last
"""
"""No gap: a stream's events are 0 to the last one given out."""

_UNBALANCED = """
    SELECT coalesce((SELECT sum(stored) FROM ledger), 0) <> (SELECT count(*) FROM raw_events)
"""
