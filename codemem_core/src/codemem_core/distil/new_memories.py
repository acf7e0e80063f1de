"""From what an observer found to memories fit to be stored."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codemem_core import __version__
from codemem_core.distil.grounding import Shown
from codemem_core.distil.parse import Extraction
from codemem_core.records.event import ORIGINS, RawEvent
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
    events: Sequence[RawEvent],
    *,
    extractor: str,
    model: str | None = None,
) -> list[NewMemory]:
    """Return the memories of one batch, in order, without keys.

    Each takes its time and its trust from the events it cites (all of them when it cites none): the
    newest time, the least trusted origin. One that names a file or a commit the evidence does not
    hold is a hypothesis: trusted half as much, and its metadata says what could not be found.
    """
    rests_on = _Rests(evidence, events)
    found = [_of_observation(item, rests_on, extractor) for item in extraction.observations]
    if extraction.summary is not None:
        found.append(_of_summary(extraction.summary, rests_on, extractor))
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
        self._cwd = evidence.cwd

    def _cited(self, cited: Sequence[int]) -> list[RawEvent]:
        known = [self._events[seq] for seq in cited if seq in self._events]
        # A number that is not there may be a guess: then trust no more than the whole stretch.
        return known if known and len(known) == len(set(cited)) else list(self._events.values())

    def origin(self, cited: Sequence[int]) -> str:
        return min((event.origin for event in self._cited(cited)), key=ORIGINS.index)

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


def _of_observation(found: Observation, rests_on: _Rests, extractor: str) -> NewMemory:
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
        origin=rests_on.origin(found.evidence),
        created_ms=rests_on.created_ms(found.evidence),
        prompt_number=rests_on.prompt_number(found.evidence),
        extractor=extractor,
        extractor_version=__version__,
        metadata={"source": "observer", "evidence": list(found.evidence)},
    )


def _of_summary(found: Summary, rests_on: _Rests, extractor: str) -> NewMemory:
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
        origin=rests_on.origin(found.evidence),
        created_ms=rests_on.created_ms(found.evidence),
        prompt_number=rests_on.prompt_number(found.evidence),
        extractor=extractor,
        extractor_version=__version__,
        metadata={
            "source": "observer",
            "evidence": list(found.evidence),
            **{name: getattr(found, name) for _, name in SECTIONS},
        },
    )


def summary_title(summary: Summary) -> str:
    """Return the first sentence of what was asked, without list marks."""
    first = re.split(r"(?<=[.!?])\s|\n", _MARKS.sub("", summary.request), maxsplit=1)[0].strip()
    return first[:120] or "Session summary"


def summary_body(summary: Summary) -> str:
    """Return the filled sections under their headings, in the documented order."""
    return "\n\n".join(_sections(summary))


def _sections(summary: Summary) -> Iterator[str]:
    for heading, name in SECTIONS:
        if text := getattr(summary, name):
            yield f"## {heading}\n{text}"


def _relative(path: str, cwd: str | None) -> str:
    inside = cwd is not None and path.startswith(cwd.rstrip("/") + "/")
    return posixpath.relpath(path, cwd) if inside else path
