"""The observer without a model: it says what the evidence shows, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codemem_core.api import Observation, ObserveRequest, ObserverReply, Summary
from codemem_observers.extractive.outcomes import judge
from codemem_observers.extractive.selection import claims_of
from codemem_observers.extractive.summary import summarize
from codemem_observers.extractive.turns import read_turns

if TYPE_CHECKING:
    from codemem_core.api import Settings

MODEL = "extractive-2"


class Extractive:
    """Observes without a model: reads requests, edits, commands, results and conclusions."""

    def __init__(self, settings: Settings) -> None:
        del settings  # nothing to set: the same evidence always gives the same answer

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Return observations and a summary as JSON; both empty when nothing was worth it."""
        turns = read_turns(request.evidence)
        withdrawn = judge(turns)
        claims = claims_of(turns, withdrawn)
        summary = summarize(turns, claims, withdrawn)
        happened = any(turn.order or turn.said for turn in turns)
        worth_it = claims or (summary.next_steps and happened)
        reply = {
            "observations": [_as_json(claim.observation()) for claim in claims],
            "summary": _summary_json(summary) if worth_it else None,
        }
        return ObserverReply(text=json.dumps(reply, ensure_ascii=False), model=MODEL)


def _as_json(observation: Observation) -> dict[str, Any]:
    fields = asdict(observation)
    return {"type": fields.pop("kind"), **fields}


def _summary_json(summary: Summary) -> dict[str, Any]:
    return asdict(summary)
