"""How this project is checked: the commands that worked, and what its commit hook runs."""

from __future__ import annotations

import re

from codemem_core.records.memory import Observation
from codemem_observers.extractive.prose import clip, end_sentence, joined
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import folder
from codemem_observers.extractive.turns import Turn

_RUNNER = re.compile(
    r"^(?:(?:npm|pnpm|yarn|bun|deno|composer)\s+(?:run|test|install|ci|task|build)|make|"
    r"just|cargo|uv run|poetry run|tox|nox|"
    r"go (?:build|run|generate|vet|mod)|gradle|\./gradlew|mvn|dotnet|bundle exec|rake|mix|"
    r"docker compose|task)\b"
)
_NAMES = {"tests": "tests", "lint": "lint", "types": "type check", "build": "build"}


def observe_project(turns: list[Turn]) -> Observation | None:
    """Return the project's working test, lint, type and build commands, when two were seen."""
    runs = [run for turn in turns for run in turn.runs if run.ok and run.sure]
    best: dict[str, tuple[str, Run]] = {}
    for run in runs:
        for check in run.checks:
            if not run.commit and not re.search(r"\bfix\b", run.core):
                best[check.what] = (check.text, run)
    hook = next((run for run in reversed(runs) if run.commit and run.checks), None)
    facts = [
        f"{_NAMES[what].capitalize()}: `{run.shown}` ({text})" for what, (text, run) in best.items()
    ]
    if hook:
        results = joined([check.text for check in hook.checks])
        facts.append(f"`git commit` runs checks in a hook ({results})")
    others = _other_scripts(runs, {run.purpose for _, run in best.values()})
    facts += [f"Also worked: {joined([_placed(run) for run in others])}"] if others else []
    if len(facts) < 2:
        return None
    shown = joined([f"`{run.shown}`" for _, run in best.values()])
    seqs = (
        {run.seq for run in others}
        | {run.seq for _, run in best.values()}
        | ({hook.seq} if hook else set())
    )
    return Observation(
        kind="discovery",
        title=clip(f"How to check this project: {shown}", 90),
        narrative=" ".join(end_sentence(fact) for fact in facts),
        facts=tuple(end_sentence(fact) for fact in facts),
        concepts=("how-it-works", "pattern"),
        evidence=tuple(sorted(seqs)),
    )


def _other_scripts(runs: list[Run], known: set[str]) -> list[Run]:
    """Return other commands of the project's task runner that worked, one of each."""
    found: dict[str, Run] = {}
    for run in runs:
        plain = not run.checks and not run.looks and " && " not in run.core
        if plain and run.purpose not in known and len(run.core) <= 80 and _RUNNER.match(run.core):
            found.setdefault(run.purpose, run)
    return list(found.values())[:4]


def _placed(run: Run) -> str:
    where = folder(run.command).rstrip("/").rpartition("/")[2]
    return f"`{run.shown}`" + (f" (in `{where}`)" if where else "")
