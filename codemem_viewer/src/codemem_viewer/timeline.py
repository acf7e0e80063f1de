"""A session as a line of entries: what was said and done, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codemem_core.distil.evidence_builder import collect
from codemem_core.records.event import RawEvent
from codemem_core.records.evidence import Answer, Boundary, Message, Prompt, ToolCall
from codemem_core.records.memory import Memory
from codemem_core.store.timeline import Flush, Told

_SHORT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    what: str
    """`prompt`, `told`, `answer`, `tool`, `flush` or `memory`."""
    ms: int
    head: str
    text: str = ""
    seq: int | None = None
    """Number of its event in the stream."""
    failed: bool = False
    tokens: int = 0
    """What the host says an answer cost, input and output."""
    memory_id: int | None = None
    kind: str = ""
    memories: Sequence[tuple[int, str]] = ()
    """Id and title of what an agent was told."""


def entries(
    raw: Sequence[RawEvent],
    flushes: Iterable[Flush],
    memories: Iterable[Memory],
    told: Iterable[Told] = (),
) -> list[Entry]:
    """Return all of it in the order it happened; a flush stands after its last event.

    Memories stand after the flush that wrote them, those written by hand where they belong in time.
    """
    line = list(_said_and_done(raw))
    times = {entry.seq: entry.ms for entry in line}
    ends = max((entry.ms for entry in line), default=0)
    line += [_flush(flush, times.get(flush.end_seq, ends)) for flush in flushes]
    line += [_memory(memory) for memory in memories]
    line += [_told(each) for each in told]
    order = {"told": 1, "flush": 2, "memory": 3}
    return sorted(line, key=lambda entry: (entry.ms, order.get(entry.what, 0)))


def _said_and_done(raw: Sequence[RawEvent]) -> Iterator[Entry]:
    if not raw:
        return
    for item in collect(raw).items:
        if not isinstance(item, Boundary):
            yield _entry(item)


def _entry(item: Prompt | Answer | Message | ToolCall) -> Entry:
    ms, seq = item.ts_ms or 0, item.seq
    if isinstance(item, Prompt | Answer):
        return Entry(what="prompt", ms=ms, seq=seq, head="You", text=item.text)
    if isinstance(item, Message):
        spent = sum(number for number in item.usage.values() if isinstance(number, int))
        return Entry(what="answer", ms=ms, seq=seq, head="Agent", text=item.text, tokens=spent)
    return Entry(
        what="tool",
        ms=ms,
        seq=seq,
        head=f"{item.name} {_subject(item)}"[:_SHORT],
        text=item.error or item.output,
        failed=item.error is not None,
    )


def _subject(call: ToolCall) -> str:
    """Return what says most about a call: its command, its files, or its first argument."""
    given = (value for value in call.input.values() if isinstance(value, str) and value)
    files = (*call.files_changed, *call.files_read)
    return call.command or ", ".join(files) or next(given, "")


def _flush(flush: Flush, ms: int) -> Entry:
    events = flush.end_seq - flush.start_seq + 1
    return Entry(
        what="flush",
        ms=ms,
        head=f"{events} events, {flush.state}",
        text=flush.error or "",
        failed=flush.state in {"failed", "dead"},
    )


def _told(told: Told) -> Entry:
    many = "1 memory" if len(told.memories) == 1 else f"{len(told.memories)} memories"
    head = "as the session began" if told.hook == "SessionStart" else "beside the prompt"
    return Entry(
        what="told",
        ms=told.ms,
        head=f"Told {head}: {many}",
        tokens=told.tokens,
        memories=told.memories,
    )


def _memory(memory: Memory) -> Entry:
    return Entry(
        what="memory",
        ms=memory.created_ms,
        head=memory.title,
        text=memory.body,
        memory_id=memory.id,
        kind=memory.kind,
    )
