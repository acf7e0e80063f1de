"""From rows to figures: what an arm is worth, and how sure one may be of a difference."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from codemem_eval.sessions.walk import Row

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A share, or a rate, of what rows count."""

    name: str
    head: str
    """Its name above a column."""
    of: Callable[[Row], tuple[float, float]]
    """What a row adds above and below the line."""
    scale: float = 1.0
    less_is_better: bool = False


def _wrong(row: Row) -> tuple[float, float]:
    return row.harm.gone + row.harm.replaced, row.harm.entries


def _untouched(row: Row) -> tuple[float, float]:
    return row.harm.untouched, row.harm.entries


FIGURES = (
    Figure("facts saved", "saved", lambda row: (row.saved, row.facts)),
    Figure("saved per 1,000 tokens", "per 1,000", lambda row: (row.saved, row.tokens), 1000),
    Figure("first file named", "first file", lambda row: (row.right_file, row.files)),
    Figure("mistakes warned of", "mistakes", lambda row: (row.warned, row.mistakes)),
    Figure("corrections told", "corrections", lambda row: (row.heeded, row.corrections)),
    Figure("wrong or replaced", "wrong", _wrong, less_is_better=True),
    Figure("never touched", "untouched", _untouched, less_is_better=True),
)
SIZE = Figure("tokens a prompt", "tokens", lambda row: (row.tokens, 1), less_is_better=True)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the middle 95 % of what it is when sessions are drawn anew."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Say whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


Sums = Mapping[str, Sequence[Mapping[str, tuple[float, float]]]]
"""By project, for each session what each arm has above and below the line."""


def counted(rows: Iterable[Row], figure: Figure) -> Sums:
    """Return a figure's sums by project, session and arm."""
    found: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    for row in rows:
        arms = found.setdefault(row.project, {}).setdefault(row.session, {})
        above, below = arms.get(row.arm, (0.0, 0.0))
        more = figure.of(row)
        arms[row.arm] = above + more[0], below + more[1]
    return {project: list(sessions.values()) for project, sessions in found.items()}


def value(sums: Sums, arm: str, figure: Figure) -> float | None:
    """Return a figure: the mean over projects that have any; None when none has."""
    shares = []
    for sessions in sums.values():
        found = [session[arm] for session in sessions if arm in session]
        below = sum(one[1] for one in found)
        if below:
            shares.append(figure.scale * sum(one[0] for one in found) / below)
    return sum(shares) / len(shares) if shares else None


def difference(sums: Sums, arm: str, other: str, figure: Figure) -> Estimate | None:
    """Return by how much one arm has more than another; None where one has no such figure.

    The same sessions are drawn for both, within each project (bootstrap).
    """
    if value(sums, arm, figure) is None or value(sums, other, figure) is None:
        return None
    draw = random.Random(0)  # noqa: S311 - the same data gives the same interval
    drawn = sorted(_gap(_drawn(sums, draw), arm, other, figure) for _ in range(DRAWS))
    edge = round(0.025 * DRAWS)
    return Estimate(_gap(sums, arm, other, figure), drawn[edge], drawn[-1 - edge])


def _drawn(sums: Sums, draw: random.Random) -> Sums:
    return {project: draw.choices(found, k=len(found)) for project, found in sums.items()}


def _gap(sums: Sums, arm: str, other: str, figure: Figure) -> float:
    return (value(sums, arm, figure) or 0.0) - (value(sums, other, figure) or 0.0)


def share_interval(found: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson's); it leaves room where there are few cases."""
    z, share = 1.96, found / of
    middle = share + z * z / (2 * of)
    width = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)
