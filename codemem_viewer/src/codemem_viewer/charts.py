"""Charts: from numbers to rectangles; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
    totals: Sequence[tuple[str, int]]
    """Each day with its sum, for a table."""
    top: int
    """What the highest column stands for."""
    width: float
    """Of a bar."""


def by_day(rows: Iterable[tuple[str, str, int]], *, last: date, days: int) -> Chart:
    """Return the chart of `(day, series, number)` over the days that end with `last`."""
    all_days = [(last - timedelta(days=back)).isoformat() for back in reversed(range(days))]
    found = [(day, name, number) for day, name, number in rows if day in set(all_days)]
    series = _series(found)
    columns: dict[str, dict[str, int]] = {day: {} for day in all_days}
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


def _series(found: Iterable[tuple[str, str, int]]) -> list[str]:
    """Return the names by size, the largest first; many small ones become `other`."""
    sums: dict[str, int] = {}
    for _, name, number in found:
        sums[name] = sums.get(name, 0) + number
    names = sorted(sums, key=lambda name: (-sums[name], name))
    if len(names) <= _MOST_SERIES:
        return names
    return [*names[: _MOST_SERIES - 1], "other"]


def _stack(
    day: str, numbers: Sequence[int], series: Sequence[str], left: float, top: int
) -> Iterator[Bar]:
    """Yield the bars of a column, the first series at the bottom; `left` is 0 to 1."""
    y = float(HEIGHT)
    for at, (name, number) in enumerate(zip(series, numbers, strict=True)):
        if number:
            height = number * HEIGHT / top
            y -= height
            label = f"{day}: {name} {number}"
            yield Bar(round(left * WIDTH, 2), round(y, 2), round(height, 2), at, label)
