"""How long hooks take: counted by day and in steps, so a year of them is a few hundred rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import apsw

from codemem_core.store.engine.connection import rows

STEPS_MS = (
    *(5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100),
    *(150, 200, 300, 500, 800, 1_200, 2_000, 5_000, 60_000),
)
"""A time is counted at the first step that is not below it; the last takes all that is longer."""

_ADD = """
    INSERT INTO hook_times (day, source, hook, step_ms, count) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET count = count + 1
"""
_COUNTS = """
    SELECT {what}, step_ms, sum(count) FROM hook_times WHERE day >= :since
     GROUP BY 1, 2 ORDER BY 1, 2
"""


def add(db: apsw.Connection, source: str, hook: str, *, took_ms: float, at_ms: int) -> None:
    """Count one run of a hook, on its day of this machine's time zone."""
    step = next((step for step in STEPS_MS if took_ms <= step), STEPS_MS[-1])
    day = datetime.fromtimestamp(at_ms / 1000).astimezone().date().isoformat()
    db.execute(_ADD, (day, source[:100], hook[:100], step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long the runs of a day, or of a hook, took."""

    name: str
    """The day, or the hook with its host."""
    runs: int
    half_ms: int
    """Half of them took at most so long."""
    most_ms: int
    """19 of 20 took at most so long."""


def by_day(db: apsw.Connection, *, since: str) -> list[Times]:
    """Return the times of all hooks by day, from the day `since` (YYYY-MM-DD) on."""
    return _times(db, "day", since)


def by_hook(db: apsw.Connection, *, since: str) -> list[Times]:
    """Return the times by hook, as `claude UserPromptSubmit`."""
    return _times(db, "source || ' ' || hook", since)


def _times(db: apsw.Connection, what: str, since: str) -> list[Times]:
    found: dict[str, list[tuple[int, int]]] = {}
    for name, step, count in rows(db, _COUNTS.format(what=what), {"since": since}):
        found.setdefault(name, []).append((step, count))
    return [_of(name, counts) for name, counts in found.items()]


def _of(name: str, counts: Sequence[tuple[int, int]]) -> Times:
    runs = sum(count for _, count in counts)
    return Times(
        name=name, runs=runs, half_ms=_step(counts, 0.5 * runs), most_ms=_step(counts, 0.95 * runs)
    )


def _step(counts: Sequence[tuple[int, int]], wanted: float) -> int:
    seen = 0
    for step, count in counts:
        seen += count
        if seen >= wanted:
            return step
    return counts[-1][0]
