"""Charts: from numbers to percentages of a plot; the template draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from codemem_core.store.hook_times import Times

Row = tuple[str, str, float]
"""A day (YYYY-MM-DD), what is counted, how much."""
_MOST_SERIES = 6
"""Colours that can be told apart; the rest is `other`."""
_LEAST_DAYS, _MOST_COLUMNS = 14, 100
_FILLED = 0.78
"""How much of a column's width its bar takes."""


@dataclass(frozen=True, slots=True)
class Range:
    """The days a page shows, in columns of a day or a week."""

    first: date
    last: date
    step: int
    """Days in a column."""

    @classmethod
    def fitting(cls, rows: Iterable[Row], *, last: date, days: int) -> Range:
        """Return the last `days`, or fewer when nothing is known of the first of them."""
        asked = last - timedelta(days=days - 1)
        known = [day for each in rows if (day := date.fromisoformat(each[0])) >= asked]
        first = max(asked, min([*known, last - timedelta(days=_LEAST_DAYS - 1)]))
        step = 1 if (last - first).days < _MOST_COLUMNS else 7
        return cls(first, last, step)

    @property
    def columns(self) -> int:
        """How many there are."""
        return (self.last - self.first).days // self.step + 1

    def column(self, day: str) -> int | None:
        """Return the column of a day, None for one outside."""
        at = (date.fromisoformat(day) - self.first).days
        return at // self.step if 0 <= at <= (self.last - self.first).days else None

    def name(self, column: int) -> str:
        """Return what a column is called: `12 Nov`."""
        day = self.first + timedelta(days=column * self.step)
        return f"{day.day} {day:%b}"

    @property
    def per(self) -> str:
        """What a column is."""
        return "day" if self.step == 1 else "week"


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where it is, in percent from left or top, and what it says."""

    at: float
    value: float | str


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in percent of the plot, with what it stands for."""

    x: float
    y: float
    height: float
    series: int
    """Number of its colour."""
    label: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line in percent of the plot; one point when nothing is before it."""

    x1: float
    y1: float
    x2: float
    y2: float
    series: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn; without totals there is nothing to draw."""

    series: Sequence[str]
    totals: Sequence[tuple[str, float]]
    """Each column that holds something with its sum, for a table."""
    y: Sequence[Tick]
    x: Sequence[Tick]
    per: str
    bars: Sequence[Bar] = ()
    width: float = 0
    """Of a bar."""
    lines: Sequence[Segment] = ()


def stacked(rows: Iterable[Row], span: Range, *, most: int = _MOST_SERIES) -> Chart:
    """Return bars stacked by what is counted, at most so many, a column a day or a week."""
    columns, series = _columns(rows, span, most)
    sums = {at: sum(column.values()) for at, column in columns.items()}
    top, ticks = _scale(max(sums.values(), default=0))
    bars = [
        bar
        for at, column in sorted(columns.items())
        for bar in _stack(at, [column.get(name, 0) for name in series], series, span, top)
    ]
    return Chart(
        series=series,
        totals=[(span.name(at), total) for at, total in sorted(sums.items()) if total],
        y=ticks,
        x=_days(span),
        per=span.per,
        bars=bars,
        width=round(100 / span.columns * _FILLED, 3),
    )


def times(found: Iterable[Times], span: Range) -> Chart:
    """Return how long hooks took as two lines, median and 95th percentile, in ms."""
    by_day = sorted((at, each) for each in found if (at := span.column(each.name)) is not None)
    top, ticks = _scale(max((each.most_ms for _, each in by_day), default=0))
    series = ("median", "95th percentile")
    points = [
        [(at, each.half_ms) for at, each in by_day],
        [(at, each.most_ms) for at, each in by_day],
    ]
    return Chart(
        series=series,
        totals=[(span.name(at), each.most_ms) for at, each in by_day],
        y=ticks,
        x=_days(span),
        per=span.per,
        lines=[
            segment
            for at, line in enumerate(points)
            for segment in _line(line, at, series[at], span, top)
        ],
    )


def _columns(
    rows: Iterable[Row], span: Range, most: int
) -> tuple[dict[int, dict[str, float]], Sequence[str]]:
    """Return numbers by column and series, and the series by size; many small ones are `other`."""
    placed = [(at, row[1], row[2]) for row in rows if (at := span.column(row[0])) is not None]
    sums: dict[str, float] = {}
    for _, name, number in placed:
        sums[name] = sums.get(name, 0) + number
    series = sorted((name for name in sums if sums[name]), key=lambda name: (-sums[name], name))
    if len(series) > most:
        series = [*series[: most - 1], "other"]
    columns: dict[int, dict[str, float]] = {}
    for at, name, number in placed:
        own = name if name in series else "other"
        column = columns.setdefault(at, {})
        column[own] = column.get(own, 0) + number
    return columns, series


def _scale(largest: float) -> tuple[float, list[Tick]]:
    """Return the top of an axis that holds a number, and three to five round marks on it."""
    if largest <= 0:
        return 1, []
    rough = largest / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    if largest >= 3:
        step = max(1, step)
    marks = math.ceil(largest / step - 1e-9)
    top = step * marks
    ticks = [Tick(round(100 - 100 * n / marks, 2), round(n * step, 9)) for n in range(marks + 1)]
    return top, ticks


def _days(span: Range) -> list[Tick]:
    """Return at most six dates, each under the middle of its column."""
    every = math.ceil(span.columns / 6)
    shown = range((span.columns - 1) % every, span.columns, every)
    return [Tick(round(100 * (at + 0.5) / span.columns, 2), span.name(at)) for at in shown]


def _stack(
    at: int, numbers: Sequence[float], series: Sequence[str], span: Range, top: float
) -> Iterator[Bar]:
    """Yield the bars of a column, the first series at the bottom."""
    y, left = 100.0, 100 * (at + (1 - _FILLED) / 2) / span.columns
    for own, (name, number) in enumerate(zip(series, numbers, strict=True)):
        if number:
            height = number * 100 / top
            y -= height
            label = f"{span.name(at)}: {name or 'none'} {round(number, 4):g}"
            yield Bar(round(left, 3), round(y, 3), round(height, 3), own, label)


def _line(
    points: Sequence[tuple[int, float]], series: int, name: str, span: Range, top: float
) -> Iterator[Segment]:
    """Yield a segment to each point from the one before; a gap of more than a column breaks it."""
    before: tuple[int, float] | None = None
    for at, number in points:
        start = before if before is not None and at - before[0] == 1 else (at, number)
        (x1, y1), (x2, y2) = (_place(*point, span, top) for point in (start, (at, number)))
        yield Segment(x1, y1, x2, y2, series, f"{span.name(at)}: {name} {number:g} ms")
        before = (at, number)


def _place(at: int, number: float, span: Range, top: float) -> tuple[float, float]:
    return round(100 * (at + 0.5) / span.columns, 3), round(100 - 100 * number / top, 3)
