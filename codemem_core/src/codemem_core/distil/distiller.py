"""From a stretch of a stream to memories that are not written yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from codemem_core.capture.completion import completed_events
from codemem_core.distil import verbatim
from codemem_core.distil.evidence_builder import collect
from codemem_core.distil.low_signal import is_trivial
from codemem_core.distil.new_memories import memories_of
from codemem_core.distil.provenance.judge import Judge
from codemem_core.distil.provenance.session import SessionWords
from codemem_core.observers.observe import Observed
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.records.evidence import Evidence, Known
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval import duplicates
from codemem_core.store import events, memories, turns
from codemem_core.store.engine.store import Store


class Stretch(Protocol):
    """Consecutive events of one stream, and where its session ran."""

    @property
    def stream(self) -> int: ...  # noqa: D102 - the columns of the tables
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def stream_id(self) -> str: ...  # noqa: D102
    @property
    def start_seq(self) -> int: ...  # noqa: D102
    @property
    def end_seq(self) -> int: ...  # noqa: D102
    @property
    def project(self) -> str | None: ...  # noqa: D102
    @property
    def cwd(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Distilled:
    """What a stretch came to."""

    memories: Sequence[NewMemory] = ()
    """In order, without keys."""
    runtime: str = ""
    """Which observer answered; empty when there was nothing to ask about."""
    outside: Collection[int] = ()
    """Sequence numbers of events that turned out to be text from outside."""
    messages: Sequence[verbatim.Row] = ()
    """Its prompts and closing replies, to be searched and quoted."""
    error_kind: str = ""
    """The class of the model's failure when another observer answered in its place."""
    error: str = ""


def stored_events(store: Store, plugins: Plugins, stretch: Stretch) -> list[RawEvent]:
    """Return the events of a stretch as far as they are still stored, completed."""
    with store.read() as db:
        stored = events.page(
            db,
            stretch.stream,
            first=stretch.start_seq,
            last=stretch.end_seq,
            key=StreamKey(stretch.source, stretch.stream_id),
        )
    return completed_events(plugins, stored)


def request_before(store: Store, stretch: Stretch) -> list[RawEvent]:
    """Return the prompt of the turn in which a stretch begins; nothing when it begins with one."""
    key = StreamKey(stretch.source, stretch.stream_id)
    with store.read() as db:
        found = turns.request_before(db, stretch.stream, stretch.start_seq)
        if found is None:
            return []
        return events.page(db, stretch.stream, first=found, last=found, key=key)


def outside_before(store: Store, stretch: Stretch) -> list[RawEvent]:
    """Return what a stretch's session read from outside before it, oldest first."""
    key = StreamKey(stretch.source, stretch.stream_id)
    with store.read() as db:
        return events.outside_before(db, stretch.stream, stretch.start_seq, key=key)


_KNOWN = 10
_KNOWN_CHARS = 4_000
"""Characters of prompts and messages that look for memories: at the end stands what came of it."""


def known_before(store: Store, stretch: Stretch, raw: Sequence[RawEvent]) -> tuple[Known, ...]:
    """Return the ten memories that are nearest to what a stretch is about."""
    if not raw:
        return ()
    evidence = collect(raw, project=stretch.project, cwd=stretch.cwd)
    said = [*(one.text for one in evidence.prompts()), *(one.text for one in evidence.messages())]
    text = "\n".join(said)[-_KNOWN_CHARS:]
    with store.read() as db:
        found = duplicates.nearest(db, text, project=stretch.project, limit=_KNOWN)
    return tuple(Known(id=m.id, kind=m.kind, title=m.title, text=m.body) for m in found)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a stretch."""

    earlier: Sequence[RawEvent] = ()
    """What its session read from outside before it."""
    request: Sequence[RawEvent] = ()
    """The prompt whose turn it goes on with."""
    known: tuple[Known, ...] = ()
    """The memories that are nearest to it."""


def around(store: Store, stretch: Stretch, raw: Sequence[RawEvent]) -> Around:
    """Look up what stands around a stretch."""
    return Around(
        earlier=outside_before(store, stretch),
        request=request_before(store, stretch),
        known=known_before(store, stretch, raw),
    )


def distil(
    observe: Callable[[Evidence], Observed],
    stretch: Stretch,
    raw: Sequence[RawEvent],
    *,
    beside: Around | None = None,
) -> Distilled:
    """Ask the observer about a stretch's events; raises the `ObserverError` classes."""
    beside = beside or Around()
    if not raw:
        return Distilled()  # lost with a damaged page
    session = SessionWords.of([*beside.request, *raw], earlier=beside.earlier)
    messages = tuple(verbatim.rows_of(raw, Judge(session.carriers)))
    evidence = collect(raw, project=stretch.project, cwd=stretch.cwd)
    if not worth_observing(evidence):
        return Distilled(outside=session.outside, messages=messages)
    if beside.request:
        evidence = collect(session.events, project=stretch.project, cwd=stretch.cwd)
    observed = observe(replace(evidence, known=beside.known))
    found = memories_of(
        observed.extraction,
        replace(evidence, known=beside.known),
        session,
        extractor=observed.runtime,
        model=observed.reply.model,
    )
    if observed.error_kind:
        found = [_marked(memory, observed.fell_back) for memory in found]
    return Distilled(
        found,
        observed.runtime,
        session.outside,
        messages,
        error_kind=observed.error_kind,
        error=observed.fell_back,
    )


def _marked(memory: NewMemory, reason: str) -> NewMemory:
    """Return the memory with the reason why no model wrote it."""
    return replace(memory, metadata={**memory.metadata, "in_place_of_a_model": reason})


def announce(store: Store, plugins: Plugins, memory_ids: Iterable[int]) -> None:
    """Tell plugins of memories that were committed."""
    for memory_id in memory_ids:
        with store.read() as db:
            saved = memories.get(db, memory_id)
        if saved is not None:
            plugins.memory_saved(saved)


def memory_key(stretch: Stretch, extractor: str, ordinal: int) -> str:
    """Return the key of a stretch's n-th memory: the same effect is never written twice."""
    place = (stretch.source, stretch.stream_id, stretch.start_seq, stretch.end_seq)
    text = "|".join(map(str, (*place, extractor, ordinal)))
    return hashlib.sha256(text.encode()).hexdigest()


def worth_observing(evidence: Evidence) -> bool:
    """Say whether there is anything an observer could learn from.

    A bare "ok" is not worth a model call; neither is a session that was only opened and closed.
    """
    if any(evidence.tools()) or any(evidence.messages()):
        return True
    return not all(is_trivial(prompt.text) for prompt in evidence.prompts())
