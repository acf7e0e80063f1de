"""Sessions made up for tests: stories in which something is settled, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from codemem_core.api import AdapterEvent, Intake
from codemem_core.plugins.registry import Plugins
from codemem_eval.sessions.recording import Session, session_of

FOLDER = Path(__file__).parent / "eval"
_BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A question, the sessions that settled its answer, and what an answer is known by."""

    id: str
    project: str
    sessions: Sequence[Sequence[Step]]
    ask: str
    tells: Sequence[str]
    stale: str = ""
    """A pattern of what was true once."""

    def is_told(self, text: str) -> bool:
        """Say whether a text holds the answer."""
        return all(re.search(pattern, text, re.IGNORECASE) for pattern in self.tells)

    def is_stale(self, text: str) -> bool:
        """Say whether a text tells what was true once and not what holds now."""
        return bool(self.stale and re.search(self.stale, text)) and not self.is_told(text)


def stories() -> list[Story]:
    """Read the stories."""
    return [Story(**given) for given in yaml.safe_load((FOLDER / "stories.yaml").read_text())]


def judged(name: str) -> dict[str, list[str]]:
    """Read a list of prompts by what they are."""
    found: dict[str, list[str]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def recorded(plugins: Plugins, told: Sequence[Story]) -> dict[str, list[Session]]:
    """Return the stories' sessions by project: all first ones, then all second ones."""
    intake, found, number = Intake(plugins), dict[str, list[Session]](), 0
    for part in range(max(len(story.sessions) for story in told)):
        for story in told:
            if part < len(story.sessions):
                number += 1
                made = made_session(intake, story.project, number, story.sessions[part])
                found.setdefault(story.project, []).append(made)
    return found


def with_questions(
    plugins: Plugins, sessions: Mapping[str, Sequence[Session]], told: Sequence[Story]
) -> dict[str, list[Session]]:
    """Return the sessions, after them one for each question, in which it is looked up.

    And two of each project in which nothing is asked.
    """
    intake, found = Intake(plugins), {name: list(some) for name, some in sessions.items()}
    for number, story in enumerate(told, 500):
        steps = [{"user": story.ask}, *looked_up(story)]
        found[story.project].append(made_session(intake, story.project, number, steps))
    for number, prompt in enumerate(judged("silences")["quiet"][:8], 600):
        project = list(found)[number % len(found)]
        steps = [{"user": prompt}, {"says": "Done."}]
        found[project].append(made_session(intake, project, number, steps))
    return found


def looked_up(story: Story) -> Iterator[Step]:
    """Yield how an agent without a memory finds what the last session left, and works with it."""
    last = story.sessions[-1]
    for step in last:
        if "edit" in step:
            file, _, new = step["edit"]
            yield {"run": [f"grep -rn {story.project}", f"{file}:1: {new}"]}
            yield {"edit": [file, new, f"{new}  # checked"]}
        elif "run" in step:
            command, output = step["run"]
            yield {"run": ["cat notes.txt", f"{command}\n{output}"]}
            yield {"run": [command, output]}
    yield next(step for step in reversed(last) if "says" in step)


def made_session(intake: Intake, project: str, number: int, steps: Sequence[Step]) -> Session:
    """Return the nth session of a project, a day after the one before it."""
    began = _BEGAN + timedelta(days=number)
    raw = [
        intake.imported(
            AdapterEvent(
                source="claude",
                session_id=f"{project}-{number:04d}",
                event_id=f"{project}-{number:04d}-{at:04d}",
                event_type=event_type,
                ts=(began + timedelta(minutes=at)).isoformat(),
                payload=payload,
                cwd=f"/home/sam/{project}",
            )
        )
        for at, (event_type, payload) in enumerate(_payloads(steps, project))
    ]
    return session_of(raw, project)


def _payloads(steps: Sequence[Step], project: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "session_start", {"source": "startup"}
    for step in steps:
        [(kind, value)] = step.items()
        if kind == "user":
            yield "prompt", {"text": value}
        elif kind == "says":
            yield "assistant", {"text": value, "final": True}
        else:
            yield "tool_result", _tool(kind, value, f"/home/sam/{project}")
    yield "session_end", {"reason": "other"}


def _tool(kind: str, value: Sequence[str], folder: str) -> dict[str, Any]:
    if kind == "edit":
        path, old, new = f"{folder}/{value[0]}", value[1], value[2]
        given = {"file_path": path, "old_string": old, "new_string": new}
        diff = f"@@ -1 +1 @@\n-{old}\n+{new}"
        return _done("edit", "Edit", given, diff) | {"files_changed": [path]}
    if kind == "read":
        path = f"{folder}/{value[0]}"
        return _done("read", "Read", {"file_path": path}, value[1]) | {"files_read": [path]}
    ran = _done("run", "Bash", {"command": value[0]}, value[1]) | {"command": value[0]}
    if kind == "fails":
        return ran | {"status": "error", "exit_code": 1, "tool_error": value[1]}
    return ran | {"exit_code": 0}


def _done(kind: str, name: str, given: Mapping[str, str], output: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "tool_name": name,
        "status": "ok",
        "tool_input": dict(given),
        "tool_output": output,
    }
