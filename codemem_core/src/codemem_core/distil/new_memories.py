"""From what an observer found to memories fit to be stored."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codemem_core import __version__
from codemem_core.distil.grounding import Shown
from codemem_core.distil.low_signal import is_trivial
from codemem_core.distil.parse import Extraction
from codemem_core.distil.provenance.judge import Judge, Judged
from codemem_core.distil.provenance.session import SessionWords
from codemem_core.records.event import RawEvent
from codemem_core.records.evidence import Evidence
from codemem_core.records.memory import NewMemory, Observation, Summary
from codemem_core.store.tokenize import tags_of

SECTIONS = (
    ("Request", "request"),
    ("Completed", "completed"),
    ("Learned", "learned"),
    ("Investigated", "investigated"),
    ("Next steps", "next_steps"),
    ("Notes", "notes"),
)
"""Heading and field of each section of a summary."""
_MARKS = re.compile(r"^[\s#*\-\d.]+")


def memories_of(
    extraction: Extraction,
    evidence: Evidence,
    session: SessionWords,
    *,
    extractor: str,
    model: str | None = None,
) -> list[NewMemory]:
    """Return the memories of one batch, in order, without keys.

    Each takes its time from the events it cites (all of them when it cites none): the newest. Its
    sentences are as trusted as what carries them; `session` has the texts of the stretch and what
    came from outside before it. One that names a file or a commit the evidence does not hold is a
    hypothesis: trusted half as much, and its metadata says what could not be found.
    """
    rests_on = _Rests(evidence, session.events)
    judge = Judge(session.carriers)
    judged = [judge.observation(item) for item in extraction.observations]
    found = [_of_observation(item, rests_on, extractor) for item in judged]
    if extraction.summary is not None:
        summary = judge.summary(extraction.summary, request=rests_on.request())
        found += (
            [_of_summary(summary, rests_on, extractor)] if any(sections(summary.memory)) else []
        )
    shown = Shown(evidence)
    return [_checked(memory, shown, {"model": model} if model else {}) for memory in found]


def _checked(memory: NewMemory, shown: Shown, more: Mapping[str, Any]) -> NewMemory:
    """Return the memory with what it names looked up in what the observer was shown."""
    texts = (memory.title, memory.subtitle, memory.body, *memory.facts)
    unseen = shown.unseen("\n".join(texts), (*memory.files_read, *memory.files_modified))
    metadata = {**memory.metadata, **more}
    if not unseen:
        return replace(memory, metadata=metadata)
    doubt = {"hypothesis": unseen}
    return replace(memory, confidence=memory.confidence / 2, metadata=metadata | doubt)


class _Rests:
    """What a memory inherits from the events it rests on."""

    def __init__(self, evidence: Evidence, events: Sequence[RawEvent]) -> None:
        told = {item.seq for item in evidence.items}
        self._events = {event.seq: event for event in events if event.seq in told}
        self._prompts = [(p.seq, p.number) for p in evidence.prompts()]
        self._asked = [prompt.text for prompt in evidence.prompts()]
        self._cwd = evidence.cwd
        self.known = frozenset(one.id for one in evidence.known)
        """Ids of the memories that the observer was shown."""

    def _cited(self, cited: Sequence[int]) -> list[RawEvent]:
        known = [self._events[seq] for seq in cited if seq in self._events]
        # A number that is not there may be a guess: then trust no more than the whole stretch.
        return known if known and len(known) == len(set(cited)) else list(self._events.values())

    def request(self) -> str:
        """Return what the user asked first."""
        return next((text for text in self._asked if not is_trivial(text)), "")

    def created_ms(self, cited: Sequence[int]) -> int:
        return max((event.ts_ms or 0 for event in self._cited(cited)), default=0)

    def prompt_number(self, cited: Sequence[int]) -> int | None:
        last = max((event.seq for event in self._cited(cited)), default=-1)
        asked = [n for n, (seq, _) in enumerate(self._prompts, 1) if seq <= last]
        if not asked:
            return None
        return self._prompts[asked[-1] - 1][1] or asked[-1]

    def relative(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return paths below the session's folder relative to it, each once."""
        return tuple(dict.fromkeys(_relative(path, self._cwd) for path in paths))


def _of_observation(judged: Judged[Observation], rests_on: _Rests, extractor: str) -> NewMemory:
    found = judged.memory
    read, modified = rests_on.relative(found.files_read), rests_on.relative(found.files_modified)
    return NewMemory(
        key="",
        kind=found.kind,
        title=found.title,
        body=found.narrative,
        subtitle=found.subtitle,
        facts=found.facts,
        narrative=found.narrative,
        concepts=found.concepts,
        files_read=read,
        files_modified=modified,
        tags=tags_of(found.kind, found.concepts, (*read, *modified)),
        origin=judged.origin,
        held=judged.held,
        created_ms=rests_on.created_ms(found.evidence),
        prompt_number=rests_on.prompt_number(found.evidence),
        extractor=extractor,
        extractor_version=__version__,
        supersedes=tuple(one for one in found.supersedes if one in rests_on.known),
        metadata={"source": "observer", "evidence": list(found.evidence), **_withheld(judged)},
    )


def _of_summary(judged: Judged[Summary], rests_on: _Rests, extractor: str) -> NewMemory:
    found = judged.memory
    read, modified = rests_on.relative(found.files_read), rests_on.relative(found.files_modified)
    title, body = summary_title(found), summary_body(found)
    return NewMemory(
        key="",
        kind="session_summary",
        title=title,
        body=body,
        files_read=read,
        files_modified=modified,
        tags=tags_of("session_summary", (), (*read, *modified)),
        origin=judged.origin,
        held=judged.held,
        created_ms=rests_on.created_ms(found.evidence),
        prompt_number=rests_on.prompt_number(found.evidence),
        extractor=extractor,
        extractor_version=__version__,
        metadata={
            "source": "observer",
            "evidence": list(found.evidence),
            **_withheld(judged),
            **{name: getattr(found, name) for _, name in SECTIONS},
        },
    )


def _withheld(judged: Judged[Observation] | Judged[Summary]) -> dict[str, Any]:
    """Say how many sentences came from outside and may not be told, and of a whole one why."""
    found: dict[str, Any] = {"withheld": judged.withheld} if judged.withheld else {}
    return found | ({"held": judged.reason} if judged.held else {})


def summary_title(summary: Summary) -> str:
    """Return the first sentence of what was asked, without list marks."""
    first = re.split(r"(?<=[.!?])\s|\n", _MARKS.sub("", summary.request), maxsplit=1)[0].strip()
    return first[:120] or "Session summary"


def summary_body(summary: Summary) -> str:
    """Return the filled sections under their headings, in the documented order."""
    return "\n\n".join(sections(summary))


def sections(summary: Summary) -> Iterator[str]:
    """Yield the filled sections, each under its heading."""
    for heading, name in SECTIONS:
        if text := getattr(summary, name):
            yield f"## {heading}\n{text}"


def _relative(path: str, cwd: str | None) -> str:
    inside = cwd is not None and path.startswith(cwd.rstrip("/") + "/")
    return posixpath.relpath(path, cwd) if inside else path
