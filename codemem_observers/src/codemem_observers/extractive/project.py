"""How this project is checked: the commands that worked, and what its commit hook runs."""

from __future__ import annotations

from codemem_core.records.memory import Observation
from codemem_observers.extractive.prose import clip, end_sentence, joined
from codemem_observers.extractive.turns import Run, Turn

_NAMES = {"tests": "tests", "lint": "lint", "types": "type check", "build": "build"}


def observe_project(turns: list[Turn]) -> Observation | None:
    """Return the project's working test, lint, type and build commands, when two were seen."""
    runs = [run for turn in turns for run in turn.runs if run.ok and run.sure]
    best: dict[str, tuple[str, Run]] = {}
    for run in runs:
        for check in run.checks:
            if not run.commit and "fix" not in run.core:
                best[check.what] = (check.text, run)
    hook = next((run for run in reversed(runs) if run.commit and run.checks), None)
    facts = [
        f"{_NAMES[what].capitalize()}: `{run.shown}` ({text})" for what, (text, run) in best.items()
    ]
    if hook:
        results = joined([check.text for check in hook.checks])
        facts.append(f"`git commit` runs checks in a hook ({results})")
    if len(facts) < 2:
        return None
    shown = joined([f"`{run.shown}`" for _, run in best.values()])
    seqs = {run.seq for _, run in best.values()} | ({hook.seq} if hook else set())
    return Observation(
        kind="discovery",
        title=clip(f"How to check this project: {shown}", 90),
        narrative=" ".join(end_sentence(fact) for fact in facts),
        facts=tuple(end_sentence(fact) for fact in facts),
        concepts=("how-it-works", "pattern"),
        evidence=tuple(sorted(seqs)),
    )
