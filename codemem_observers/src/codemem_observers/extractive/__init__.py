"""The observer without a model: it says what the evidence shows, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codemem_core.records.memory import Observation, Summary
from codemem_core.records.protocols import ObserveRequest, ObserverReply
from codemem_observers.extractive.lessons import Lesson, learn
from codemem_observers.extractive.project import observe_project
from codemem_observers.extractive.reasons import observe_reasons
from codemem_observers.extractive.summary import summarize
from codemem_observers.extractive.turns import Turn, read_turns
from codemem_observers.extractive.work import observe_work

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings

MODEL = "extractive-1"


class Extractive:
    """Observes without a model: reads requests, edits, commands, results and conclusions."""

    def __init__(self, settings: Settings) -> None:
        del settings  # nothing to set: the same evidence always gives the same answer

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Return observations and a summary as JSON; both empty when nothing was worth it."""
        turns = read_turns(request.evidence)
        lessons = learn(turns)
        observations = [
            _as_json(o) for o in _observations(turns, lessons) if o.title and o.narrative
        ]
        summary = _summary_json(summarize(turns, lessons)) if observations else None
        reply = {"observations": observations, "summary": summary}
        return ObserverReply(text=json.dumps(reply, ensure_ascii=False), model=MODEL)


def _observations(turns: list[Turn], lessons: list[Lesson]) -> Iterator[Observation]:
    for turn in turns:
        if work := observe_work(turn):
            yield work
            yield from observe_reasons(turn)
    yield from (lesson.observation() for lesson in lessons)
    if project := observe_project(turns):
        yield project


def _as_json(observation: Observation) -> dict[str, Any]:
    fields = asdict(observation)
    return {"type": fields.pop("kind"), **fields, "evidence": _known(observation.evidence)}


def _summary_json(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "evidence": _known(summary.evidence)}


def _known(evidence: tuple[int, ...]) -> list[int]:
    return [seq for seq in evidence if seq >= 0]
