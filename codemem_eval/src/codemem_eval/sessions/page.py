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

_WIDTH = 24
_FEW = 20
"""Cases below which a share says hardly anything."""


class Report:
    """Figures of all arms, and of one arm against the others."""

    def __init__(self, rows: Sequence[Row], ours: str) -> None:
        self.rows = rows
        self.ours = ours
        self.arms = list(dict.fromkeys(row.arm for row in rows))
        self._sums = {figure.name: counted(rows, figure) for figure in (*FIGURES, SIZE)}

    def sums(self, figure: Figure) -> Sums:
        """Return what a figure is made of."""
        return self._sums[figure.name]

    def against(self, other: str, figure: Figure) -> Estimate | None:
        """Return by how much ours has more of a figure than another arm."""
        return difference(self.sums(figure), self.ours, other, figure)

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
            better = gap is not None and (gap.value < 0) == figure.less_is_better
            sure = gap is not None and gap.is_sure
            found[other] = ("better" if better else "worse") if sure else "no different"
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
    yield ""
    yield from _table(report)
    yield ""
    yield f"{report.ours} against each, with the 95 % interval (sessions drawn anew)"
    yield ""
    for other in report.others():
        yield from _against(report, other)
    yield ""
    yield from _misses(report)
    yield ""
    yield from _MEANING


_MEANING = (
    "facts saved: names, paths and values that a tool showed first and that the agent then worked",
    "  with, which had been told before. Words are compared, not meaning: a pack may help and not",
    "  count, and a list of names counts without helping. The placebo shows how much that is.",
    "first file named: the first file a turn changed had been told, where nobody had named it yet.",
    "mistakes, corrections: an error, or a rule of the user, of an earlier session came up again.",
    "wrong or replaced: names a file that is gone, or text that an edit took out, as if it held.",
    "never touched: nothing that the session did afterwards has a name in common with it.",
)


def _table(report: Report) -> Iterator[str]:
    figures = (*FIGURES, SIZE)
    yield " " * _WIDTH + "".join(f"{_head(f.name):>14}" for f in figures)
    for arm in report.arms:
        values = (value(report.sums(figure), arm, figure) for figure in figures)
        yield f"{arm:{_WIDTH}}" + "".join(f"{_number(one):>14}" for one in values)
    yield f"{'cases':{_WIDTH}}" + "".join(f"{report.cases(figure):>14}" for figure in figures)


def _against(report: Report, other: str) -> Iterator[str]:
    yield f"  {other}"
    for figure in FIGURES:
        gap = report.against(other, figure)
        if gap is not None:
            word = report.verdicts(figure)[other]
            span = f"({gap.low:+.3f} to {gap.high:+.3f})"
            yield f"    {figure.name:{_WIDTH}}{gap.value:+8.3f} {span:22} {word}"


def _misses(report: Report) -> Iterator[str]:
    """Yield where ours does not win: the worse first, then what cannot be told apart."""
    yield f"Where {report.ours} does not win"
    lines = []
    for word in ("worse", "no different"):
        for figure in FIGURES:
            found = [arm for arm, said in report.verdicts(figure).items() if said == word]
            if found:
                few = " (few cases)" if report.cases(figure) < _FEW else ""
                told = "worse than" if word == "worse" else "not to be told apart from"
                lines.append(f"  {figure.name}{few}: {told} {', '.join(found)}")
    yield from lines or ["  nowhere in these sessions"]


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}" if number < 10 else f"{number:.0f}"


def _head(name: str) -> str:
    return name.replace("saved per 1,000 tokens", "per 1,000 t").replace(" of", "")[:13]
