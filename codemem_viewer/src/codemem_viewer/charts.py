"""Charts: from numbers to rectangles; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from codemem_core.store.hook_times import Times

WIDTH, HEIGHT = 720, 180
_MOST_SERIES = 6
"""Colours that can be told apart; the rest is `other`."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in units of the chart, with what it stands for."""

    x: float
    y: float
    height: float
    series: int
    """Number of its colour."""
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars stacked by series, a column a day."""

    bars: Sequence[Bar]
    series: Sequence[str]
    totals: Sequence[tuple[str, float]]
    """Each day with its sum, for a table."""
    top: float
    """What the highest column stands for."""
    width: float
    """Of a bar."""


def times(found: Iterable[Times], *, last: date, days: int) -> Chart:
    """Return the chart of how long hooks took each day: half of them, and 19 of 20, in ms."""
    rows = [
        row
        for each in found
        for row in (
            (each.name, "half of them", each.half_ms),
            (each.name, "19 of 20", each.most_ms - each.half_ms),
        )
    ]
    return by_day(rows, last=last, days=days)


def by_day(rows: Iterable[tuple[str, str, float]], *, last: date, days: int) -> Chart:
    """Return the chart of `(day, series, number)` over the days that end with `last`."""
    all_days = [(last - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    found = [(day, name, number) for day, name, number in rows if day in set(all_days)]
    series = _series(found)
    columns: dict[str, dict[str, float]] = {day: {} for day in all_days}
    for day, name, number in found:
        own = name if name in series else series[-1]
        columns[day][own] = columns[day].get(own, 0) + number
    totals = [(day, sum(column.values())) for day, column in columns.items()]
    top = max((total for _, total in totals), default=0)
    bars = [
        bar
        for at, (day, column) in enumerate(columns.items())
        for bar in _stack(day, [column.get(name, 0) for name in series], series, at / days, top)
    ]
    return Chart(bars, series, totals, top, round(WIDTH / days * 0.78, 2))


def _series(found: Iterable[tuple[str, str, float]]) -> list[str]:
    """Return the names by size, the largest first; many small ones become `other`."""
    sums: dict[str, float] = {}
    for _, name, number in found:
        sums[name] = sums.get(name, 0) + number
    names = sorted(sums, key=lambda name: (-sums[name], name))
    if len(names) <= _MOST_SERIES:
        return names
    return [*names[: _MOST_SERIES - 1], "other"]


def _stack(
    day: str, numbers: Sequence[float], series: Sequence[str], left: float, top: float
) -> Iterator[Bar]:
    """Yield the bars of a column, the first series at the bottom; `left` is 0 to 1."""
    y = float(HEIGHT)
    for at, (name, number) in enumerate(zip(series, numbers, strict=True)):
        if number:
            height = number * HEIGHT / top
            y -= height
            label = f"{day}: {name or 'none'} {round(number, 4):g}"
            yield Bar(round(left * WIDTH, 2), round(y, 2), round(height, 2), at, label)
