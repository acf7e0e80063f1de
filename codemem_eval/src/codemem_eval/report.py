"""From single answers to figures one can trust: means over families, with their spread."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from codemem_eval.measure import FIGURES, Answer

_RESAMPLES = range(500)
Families = Mapping[str, Sequence[Answer]]


@dataclass
class Measured:
    """The answers of each system by family, and how often ours kept silent."""

    systems: dict[str, dict[str, list[Answer]]] = field(default_factory=dict)
    silent: dict[str, list[float]] = field(default_factory=dict)
    lost: dict[str, list[float]] = field(default_factory=dict)
    """Shares of the gold that silence kept out of packs, by family."""

    def add(self, system: str, family: str, answers: Sequence[Answer]) -> None:
        """Note the answers of one corpus."""
        self.systems.setdefault(system, {}).setdefault(family, []).extend(answers)

    def figures(self, system: str) -> dict[str, float]:
        """Return the mean over families of each figure."""
        return {name: _macro(self.systems[system], name) for name in FIGURES}

    def silence(self) -> float | None:
        """Return the share of foreign questions that got no pack, or None when none was asked."""
        asked = [_mean(each) for each in self.silent.values() if each]
        return _mean(asked) if asked else None

    def lost_to_silence(self) -> float:
        """Return by how much recall in packs would be higher if none stayed empty."""
        return _mean([_mean(each) for each in self.lost.values()])

    def pack_ms(self, system: str) -> tuple[float, float]:
        """Return the median and the 95th percentile of what a pack took, in milliseconds."""
        taken = [answer.ms for answers in self.systems[system].values() for answer in answers]
        cut = quantiles(taken, n=20) if len(taken) > 1 else taken * 20
        return cut[9], cut[18]

    def deltas(self, system: str, other: str) -> dict[str, tuple[float, float, float]]:
        """Return by how much `system` is better: the mean and its 95 % interval (bootstrap).

        Questions are drawn anew within their family; both systems answered the same ones.
        """
        draw = random.Random(0)  # noqa: S311 - the same data gives the same interval
        found = {}
        for name in FIGURES:
            gains = [
                [getattr(a, name) - getattr(b, name) for a, b in zip(ours, theirs, strict=True)]
                for ours, theirs in zip(
                    self.systems[system].values(), self.systems[other].values(), strict=True
                )
            ]
            drawn = [_mean([_mean(draw.choices(g, k=len(g))) for g in gains]) for _ in _RESAMPLES]
            found[name] = (_mean([_mean(each) for each in gains]), *_middle(drawn))
        return found


def _macro(families: Families, name: str) -> float:
    return _mean([_mean([getattr(one, name) for one in each]) for each in families.values()])


def _mean(values: Sequence[float]) -> float:
    # `statistics.mean` counts in fractions: 30 times as long, and here it is called a lot.
    return sum(values) / len(values)


def _middle(values: list[float]) -> tuple[float, float]:
    """Return where the middle 95 % of the values begin and end."""
    ordered = sorted(values)
    edge = round(0.025 * len(ordered))
    return ordered[edge], ordered[-1 - edge]
