"""How this project is checked, built and run: the commands that worked.

A stretch of a session brings what it saw; the core keeps one card a project and replaces line by
line what a later stretch saw anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codemem_observers.extractive.claims import Claim
from codemem_observers.extractive.commits import pushes
from codemem_observers.extractive.phrasing import joined
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import folder
from codemem_observers.extractive.turns import Turn

TITLE = "How to check, build and run this project"
CONCEPT = "project-card"
"""By this concept the core knows the card."""
WORTH = 100.0
"""Always kept: it is one memory a project."""
MAX_COMMAND = 80

_CHECKS = {"tests": "Tests", "lint": "Lint", "types": "Types", "build": "Build"}
_RUNNER = (
    r"(?:(?:npm|pnpm|yarn|bun|deno|composer)\s+(?:run\s+)?|make\s+|just\s+|cargo\s+|uv\s+(?:run\s+)?|"
    r"poetry\s+(?:run\s+)?|go\s+|gradle\s+|\./gradlew\s+|mvn\s+|dotnet\s+|bundle\s+(?:exec\s+)?|"
    r"rake\s+|mix\s+|docker compose\s+|task\s+)"
)
_OTHERS = (
    ("Install", re.compile(rf"^{_RUNNER}(?:install|ci|sync|restore)\b")),
    ("Build", re.compile(rf"^{_RUNNER}[\w:]*build[\w:]*\b")),
    ("Format", re.compile(rf"^{_RUNNER}(?:[\w:]*(?:format|fmt)[\w:]*|lint:fix)\b")),
    ("Generate", re.compile(rf"^{_RUNNER}[\w:]*(?:generate|codegen)[\w:]*\b")),
    ("Migrate", re.compile(rf"^{_RUNNER}[\w:]*migrat\w*[\w:]*\b")),
    ("Run", re.compile(rf"^{_RUNNER}(?:dev|start|serve|up)\b")),
)


def project_card(turns: list[Turn]) -> Claim | None:
    """Return the project's working commands, or None when no check was seen."""
    lines: dict[str, tuple[str, int]] = {}
    for turn in turns:
        for run in turn.runs:
            if run.ok and run.sure:
                lines |= {label: (text, run.seq) for label, text in _lines(run)}
    if not lines.keys() & {*_CHECKS.values(), "Commit hook"}:
        return None
    ordered = [*_CHECKS.values(), *(label for label, _ in _OTHERS), "Commit hook"]
    told = [label for label in dict.fromkeys(ordered) if label in lines]
    return Claim(
        title=TITLE,
        body=tuple(f"{label}: {lines[label][0]}" for label in told),
        kind="discovery",
        worth=WORTH,
        evidence=tuple(lines[label][1] for label in told),
        concepts=(CONCEPT, "how-it-works"),
    )


def _lines(run: Run) -> Iterator[tuple[str, str]]:
    """Yield `Tests` and `bun run test` of a run; a commit tells what its hook checks."""
    if run.commits or pushes(run.core):
        if run.checks:
            yield "Commit hook", f"checks {joined([check.what for check in run.checks])}"
        return
    if re.search(r"&&|\|\||[;\n]", run.core) or len(run.core) > MAX_COMMAND:
        return
    where = folder(run.command).rstrip("/").rpartition("/")[2]
    text = f"`{run.shown}`" + (f" (in `{where}`)" if where else "")
    other = next((label for label, pattern in _OTHERS if pattern.match(run.core)), "")
    if other:
        yield other, text
    for check in run.checks if not other else ():
        yield _CHECKS[check.what], text
