"""What a person reads: the figures of each arm, the differences, and where codemem does not win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from codemem_eval.sessions.figures import (
    FIGURES,
    SIZE,
    Estimate,
    Figure,
    Sums,
    counted,
    difference,
    value,
)
from codemem_eval.sessions.walk import Row

CEILING = "oracle"
"""The arm that knows what comes; nothing can win against it."""
_WIDTH = 24
_FEW = 20
"""Cases below which a share says hardly anything."""


class Report:
    """Figures of all arms, and of one arm against the others."""

    def __init__(self, rows: Sequence[Row], ours: str) -> None:
        self.rows = rows
        self.ours = ours
        self.arms = list(dict.fromkeys(row.arm for row in rows))
        self._gaps: dict[tuple[str, str], Estimate | None] = {}
        self._sums = {figure.name: counted(rows, figure) for figure in (*FIGURES, SIZE)}

    def sums(self, figure: Figure) -> Sums:
        """Return what a figure is made of."""
        return self._sums[figure.name]

    def against(self, other: str, figure: Figure) -> Estimate | None:
        """Return by how much ours has more of a figure than another arm."""
        key = other, figure.name
        if key not in self._gaps:
            self._gaps[key] = difference(self.sums(figure), self.ours, other, figure)
        return self._gaps[key]

    def others(self) -> list[str]:
        """Return the arms that ours is compared with."""
        return [arm for arm in self.arms if arm != self.ours]

    def cases(self, figure: Figure) -> int:
        """Return how many cases of a figure there are, of our arm."""
        return int(sum(figure.of(row)[1] for row in self.rows if row.arm == self.ours))

    def verdicts(self, figure: Figure) -> dict[str, str]:
        """Say of each other arm whether ours is `better`, `worse` or `no different`."""
        found = {}
        for other in self.others():
            gap = self.against(other, figure)
            if gap is not None:
                better = (gap.value < 0) == figure.less_is_better
                found[other] = ("better" if better else "worse") if gap.is_sure else "no different"
        return found

    def to_json(self) -> dict[str, Any]:
        """Return every figure and difference."""
        return {
            "arms": {
                arm: {f.name: value(self.sums(f), arm, f) for f in (*FIGURES, SIZE)}
                for arm in self.arms
            },
            "differences": {
                other: {f.name: (gap := self.against(other, f)) and asdict(gap) for f in FIGURES}
                for other in self.others()
            },
            "cases": {f.name: self.cases(f) for f in FIGURES},
            "verdicts": {f.name: self.verdicts(f) for f in FIGURES},
        }


def page(report: Report) -> Iterator[str]:
    """Yield the lines of the page."""
    rows = report.rows
    sessions = {(row.project, row.session) for row in rows}
    prompts = sum(row.arm == report.ours for row in rows)
    projects = len({row.project for row in rows})
    yield f"{len(sessions)} sessions of {projects} projects, {prompts} prompts"
    yield "Each session is told what earlier ones left, and judged by what it did afterwards."
    ours = [row for row in rows if row.arm == report.ours]
    facts, unknown = sum(row.facts for row in ours), sum(row.unknown for row in ours)
    yield f"Facts it had to find: {facts} that an earlier session had seen; {unknown} were new."
    yield ""
    yield from _table(report)
    yield ""
    yield f"{report.ours} against each, with the 95 % interval (sessions drawn anew)"
    for figure in FIGURES:
        if report.cases(figure) >= _FEW:
            yield from _compared(report, figure)
    yield ""
    yield from _misses(report)
    yield ""
    yield from _MEANING


_MEANING = (
    "facts saved: names, paths and values an earlier session had seen, that a tool had to show the",
    "  agent before it worked with them, and that had been told before. Words are compared, not",
    "  meaning: a pack may help and not count, and a list of names counts without helping.",
    "another prompt's pack: a placebo, one of codemem's own packs of the same size. What it saves,",
    "  any text about the project saves.",
    "first file named: the first file a turn changed had been told, where nobody had named it yet.",
    "mistakes, corrections: an error, or a rule of the user, of an earlier session came up again.",
    "wrong or replaced: names a file that is gone, or text that an edit took out, as if it held.",
    "never touched: nothing that the session did afterwards has a name in common with it.",
)


def _table(report: Report) -> Iterator[str]:
    figures = (*FIGURES, SIZE)
    yield " " * _WIDTH + "".join(f"{f.head:>12}" for f in figures)
    for arm in report.arms:
        values = (value(report.sums(figure), arm, figure) for figure in figures)
        yield f"{arm:{_WIDTH}}" + "".join(f"{_number(one):>12}" for one in values)
    yield f"{'cases':{_WIDTH}}" + "".join(f"{report.cases(f):>12}" for f in figures)


def _compared(report: Report, figure: Figure) -> Iterator[str]:
    yield f"  {figure.name}{' (less is better)' if figure.less_is_better else ''}"
    for other, word in report.verdicts(figure).items():
        gap = report.against(other, figure)
        if gap is not None:
            span = f"({gap.low:+.3f} to {gap.high:+.3f})"
            yield f"    {other:{_WIDTH}}{gap.value:+8.3f} {span:22} {word}"


def _misses(report: Report) -> Iterator[str]:
    """Yield where ours does not win: the worse first, then what cannot be told apart."""
    yield f"Where {report.ours} does not win"
    known = [figure for figure in FIGURES if report.cases(figure) >= _FEW]
    lines = [*_lost(report, known, "worse", "worse than")]
    lines += _lost(report, known, "no different", "not to be told apart from")
    few = [f"{f.name} ({report.cases(f)})" for f in FIGURES if f not in known]
    lines += [f"  too few cases to tell: {', '.join(few)}"] if few else []
    yield from lines or ["  nowhere in these sessions"]


def _lost(report: Report, figures: Sequence[Figure], verdict: str, told: str) -> Iterator[str]:
    for figure in figures:
        verdicts = report.verdicts(figure).items()
        found = [arm for arm, one in verdicts if one == verdict and arm != CEILING]
        if found:
            yield f"  {figure.name}: {told} {', '.join(found)}"


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}" if number < 10 else f"{number:.0f}"
