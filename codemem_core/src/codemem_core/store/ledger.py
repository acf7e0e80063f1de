"""The ledger: what became of every event that was ever handed to us, per source and UTC day.

`received = stored + duplicate + rejected + spooled + dead`.

received   each event of each delivery, a repeated one again
stored     a row of `raw_events` was made for it
duplicate  it was there already
rejected   refused for good: 4xx, exit code 2, unusable in the spool, or a full spool
spooled    waits in the spool
dead       stored, but in a batch that was given up; a replay moves it back

The table holds what deliveries came to and changes in the transaction that stores them. `spooled`
and `dead` are counted where they lie, in the spool's folders and the dead batches, so no crash can
leave them out of step. A hook payload that says nothing (`skipped`) counts nowhere; neither does a
request the guard turned away: nobody knows what it held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows

Key = tuple[str, str]
"""UTC day (YYYY-MM-DD) and source."""


COUNTS = ("received", "stored", "duplicate", "rejected", "spooled", "dead")
"""The names of the counts, the sum first."""


@dataclass(slots=True)
class Entry:
    """What one source handed over on one day, and what became of it; counts of events."""

    day: str
    source: str
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    spooled: int = 0
    dead: int = 0

    @property
    def difference(self) -> int:
        """Events received that are nowhere (negative: accounted for, but never received)."""
        known = self.stored + self.duplicate + self.rejected + self.spooled + self.dead
        return self.received - known


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The alarm: a source whose figures do not agree."""

    source: str
    day: str | None
    """None when the whole of the source is concerned."""
    events: int
    problem: str


_COUNT = """
    INSERT INTO ledger (day, source, received, stored, duplicate, rejected)
    VALUES (strftime('%Y-%m-%d', :now / 1000, 'unixepoch'),
            :source, :stored + :duplicate + :rejected, :stored, :duplicate, :rejected)
    ON CONFLICT (day, source) DO UPDATE SET received = received + excluded.received,
        stored = stored + excluded.stored, duplicate = duplicate + excluded.duplicate,
        rejected = rejected + excluded.rejected
"""


def count(  # noqa: PLR0913 - one parameter a column
    db: apsw.Connection,
    source: str,
    *,
    stored: int = 0,
    duplicate: int = 0,
    rejected: int = 0,
    now_ms: int,
) -> None:
    """Enter what a delivery came to; call in the transaction that stores its events."""
    entered = {"stored": stored, "duplicate": duplicate, "rejected": rejected}
    db.execute(_COUNT, {"source": source, "now": now_ms, **entered})


_ENTRIES = "SELECT day, source, received, stored, duplicate, rejected FROM ledger"

_DEAD = """
    SELECT strftime('%Y-%m-%d', e.received_ms / 1000, 'unixepoch') AS day, s.source, count(*)
      FROM batches b
      JOIN streams s ON s.id = b.stream
      JOIN raw_events e ON e.stream = b.stream AND e.seq BETWEEN b.start_seq AND b.end_seq
     WHERE b.state = 'dead'
     GROUP BY day, s.source
"""


def entries(
    db: apsw.Connection,
    *,
    spooled: Mapping[Key, int] | None = None,
    refused: Mapping[Key, int] | None = None,
) -> list[Entry]:
    """Return the ledger, newest day first.

    `spooled` is what waits in the spool, `refused` what it set aside or had no room for.
    """
    found = {(row[0], row[1]): Entry(*row) for row in rows(db, _ENTRIES)}
    for day, source, dead in rows(db, _DEAD):
        entry = found.setdefault((day, source), Entry(day, source))
        entry.stored -= dead
        entry.dead += dead
    for key, number in (spooled or {}).items():
        entry = found.setdefault(key, Entry(*key))
        entry.received += number
        entry.spooled += number
    for key, number in (refused or {}).items():
        entry = found.setdefault(key, Entry(*key))
        entry.received += number
        entry.rejected += number
    return [found[key] for key in sorted(found, reverse=True)]


_NUMBERED = "SELECT source, sum(last_received_seq + 1) FROM streams GROUP BY source"

_GONE = """
    SELECT s.source, sum(s.last_received_seq - s.last_flushed_seq - (
               SELECT count(*) FROM raw_events e
                WHERE e.stream = s.id AND e.seq > s.last_flushed_seq)) AS gone
      FROM streams s
     WHERE s.last_received_seq > s.last_flushed_seq
     GROUP BY s.source
    HAVING gone <> 0
"""


def differences(db: apsw.Connection, found: Iterable[Entry]) -> list[Difference]:
    """Hold the ledger against itself and against the streams; an empty list is what must be.

    A stream numbers its events without gaps, so its last number tells how many it ever got,
    whatever retention has deleted since.
    """
    wrong = []
    stored: Counter[str] = Counter()
    for entry in found:
        stored[entry.source] += entry.stored + entry.dead
        if entry.difference:
            wrong.append(_wrong(entry.source, entry.difference, "received, but nowhere", entry.day))
    numbered: Counter[str] = Counter(dict(rows(db, _NUMBERED)))
    for source in stored | numbered:
        if missing := stored[source] - numbered[source]:
            wrong.append(_wrong(source, missing, "stored by the ledger, but in no stream"))
    wrong += [
        _wrong(source, gone, "numbered and not yet flushed, but gone")
        for source, gone in rows(db, _GONE)
    ]
    return wrong


def _wrong(source: str, events: int, problem: str, day: str | None = None) -> Difference:
    return Difference(source=source, day=day, events=events, problem=problem)
