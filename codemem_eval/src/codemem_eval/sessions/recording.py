"""Recorded sessions of a project: read from a folder, parted into turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codemem_core.api import Intake
from codemem_core.distil.evidence_builder import collect
from codemem_core.errors import InputError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import RawEvent
from codemem_core.records.evidence import EvidenceItem, Prompt
from codemem_core.records.protocols import SessionFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A prompt and everything up to the next one."""

    prompt: str
    """What the user asked; empty for what happened before the first prompt."""
    items: tuple[EvidenceItem, ...]
    events: tuple[RawEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One recorded session."""

    project: str
    source: str
    id: str
    cwd: str
    started_ms: int
    turns: tuple[Turn, ...]

    @property
    def items(self) -> Iterator[EvidenceItem]:
        """Yield everything that happened, in order."""
        return (item for turn in self.turns for item in turn.items)

    @property
    def events(self) -> Iterator[RawEvent]:
        """Yield the stored form of everything that happened, in order."""
        return (event for turn in self.turns for event in turn.events)


Projects = dict[str, list[Session]]
"""Sessions by project, oldest first."""


def sessions_below(root: Path, plugins: Plugins) -> Projects:
    """Read every session file below a folder; the folder that holds a file is its project.

    Raises `InputError` when no installed source understands any of them.
    """
    intake = Intake(plugins)
    readers = [plugins.source(name) for name in plugins.ingest_sources()]
    usable = [reader for reader in readers if isinstance(reader, SessionFiles)]
    found: Projects = {}
    for path in sorted(root.rglob("*.jsonl")):
        for reader in usable:
            events = [intake.imported(event) for event in reader.session(path)]
            if events:
                found.setdefault(path.parent.name, []).append(session_of(events, path.parent.name))
                break
    if not found:
        raise InputError(f"no session that an installed source can read below `{root}`")
    return {name: in_order(sessions) for name, sessions in found.items()}


def in_order(sessions: Sequence[Session]) -> list[Session]:
    """Return sessions by the time they began; of copies of one session the longest."""
    by_id: dict[tuple[str, str], Session] = {}
    for session in sorted(sessions, key=lambda one: sum(len(turn.events) for turn in one.turns)):
        by_id[session.source, session.id] = session
    return sorted(by_id.values(), key=lambda one: one.started_ms)


def session_of(events: Sequence[RawEvent], project: str, *, cwd: str = "/") -> Session:
    """Return the events of one stream, at least one, as a session.

    `cwd` is its folder where no event names one.
    """
    ordered = sorted(events, key=lambda event: event.ts_ms or 0)
    first = ordered[0]
    return Session(
        project=project,
        source=first.source,
        id=first.stream_id,
        cwd=next((event.cwd for event in ordered if event.cwd), cwd),
        started_ms=first.ts_ms or 0,
        turns=tuple(_turns(ordered)),
    )


def _turns(events: Sequence[RawEvent]) -> Iterator[Turn]:
    held: list[RawEvent] = []
    for event in events:
        if _is_prompt(event) and held:
            yield _turn(held)
            held = []
        held.append(event)
    yield _turn(held)


def _turn(events: Sequence[RawEvent]) -> Turn:
    items = collect(events).items
    prompt = next((item.text for item in items if isinstance(item, Prompt)), "")
    return Turn(prompt=prompt, items=items, events=tuple(events))


def _is_prompt(event: RawEvent) -> bool:
    return event.common_type == "prompt"
