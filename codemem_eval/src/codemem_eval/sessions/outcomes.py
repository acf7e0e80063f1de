"""How sessions went, with memories and without: what a holdout compares."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codemem_core.records.evidence import ToolCall
from codemem_eval.sessions.figures import DRAWS, Estimate
from codemem_eval.sessions.recording import Session

LEAST = 10
"""Sessions on each side below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A figure of one session; less of it is better."""

    name: str
    of: Callable[[Session], float | None]


def _calls(session: Session) -> list[ToolCall]:
    return [item for item in session.items if isinstance(item, ToolCall)]


def _prompts(session: Session) -> int:
    return sum(bool(turn.prompt) for turn in session.turns)


def _a_prompt(count: float, session: Session) -> float | None:
    return count / _prompts(session) if _prompts(session) else None


def _until_change(session: Session) -> float | None:
    calls = enumerate(_calls(session))
    return next((at for at, call in calls if call.files_changed and call.succeeded), None)


OUTCOMES = (
    Outcome("tool calls before the first change", _until_change),
    Outcome("tool calls a prompt", lambda one: _a_prompt(len(_calls(one)), one)),
    Outcome(
        "failed calls a prompt",
        lambda one: _a_prompt(sum(not call.succeeded for call in _calls(one)), one),
    ),
)


def compared(with_memory: Sequence[Session], without: Sequence[Session]) -> Iterator[str]:
    """Yield a line for each outcome: both means, and the difference with its interval."""
    for outcome in OUTCOMES:
        ours = [value for one in with_memory if (value := outcome.of(one)) is not None]
        bare = [value for one in without if (value := outcome.of(one)) is not None]
        if min(len(ours), len(bare)) < LEAST:
            yield f"  {outcome.name}: too few sessions ({len(ours)} with, {len(bare)} without)"
            continue
        gap = apart(ours, bare)
        verdict = "no difference can be shown"
        if gap.is_sure:
            verdict = "fewer with memory" if gap.value < 0 else "more with memory"
        span = f"{gap.value:+.2f} ({gap.low:+.2f} to {gap.high:+.2f})"
        means = f"{_mean(ours):.2f} with, {_mean(bare):.2f} without"
        yield f"  {outcome.name}: {means}; {span}: {verdict}"


def apart(ours: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return by how much the mean of one group is larger (bootstrap, both drawn anew)."""
    draw = random.Random(0)  # noqa: S311 - the same data gives the same interval
    drawn = sorted(
        _mean(draw.choices(ours, k=len(ours))) - _mean(draw.choices(others, k=len(others)))
        for _ in range(DRAWS)
    )
    edge = round(0.025 * DRAWS)
    return Estimate(_mean(ours) - _mean(others), drawn[edge], drawn[-1 - edge])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
