"""A session as a line of entries: what was said and done, and what was made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codemem_core.distil.evidence_builder import collect
from codemem_core.records.event import RawEvent
from codemem_core.records.evidence import Answer, Boundary, Message, Prompt, ToolCall
from codemem_core.records.memory import Memory
from codemem_core.store.injections import Injected, Injection
from codemem_core.store.timeline import Flush

_HEAD, _TEXT = 200, 3_000
"""Characters of an entry's line, and of what a tool gave back."""
_BOUNDARIES = {"compact": "The context was compacted", "clear": "The context was cleared"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    what: str
    """`prompt`, `answer`, `message` (between tools), `tool`, `mark`, `injected`, `flush` or
    `memory`."""
    ms: int
    head: str
    text: str = ""
    seq: int | None = None
    """Number of its event in the stream."""
    failed: bool = False
    tokens: int = 0
    """What the host says an answer cost, or what an injection took."""
    tool: str = ""
    """What a tool call does: one of `TOOL_KINDS`."""
    files: tuple[str, ...] = ()
    """Files that a tool call changed."""
    memory_id: int | None = None
    kind: str = ""
    memories: Sequence[Injected] = field(default=())
    """What was injected."""


def entries(
    raw: Sequence[RawEvent],
    flushes: Iterable[Flush],
    memories: Iterable[Memory],
    injected: Iterable[Injection] = (),
    *,
    cwd: str | None = None,
) -> list[Entry]:
    """Return all of it in the order it happened; a flush stands after its last event.

    Memories stand after the flush that wrote them, those written by hand where they belong in time.
    Paths below `cwd` are shortened.
    """
    base = f"{cwd.rstrip('/')}/" if cwd and cwd != "/" else ""
    line = list(_said_and_done(raw, base))
    times = {entry.seq: entry.ms for entry in line}
    ends = max((entry.ms for entry in line), default=0)
    line += [_flush(flush, times.get(flush.end_seq, ends)) for flush in flushes]
    line += [_memory(memory) for memory in memories]
    line += [_injection(each) for each in injected]
    order = {"injected": 1, "flush": 2, "memory": 3}
    return sorted(line, key=lambda entry: (entry.ms, order.get(entry.what, 0)))


def _said_and_done(raw: Sequence[RawEvent], base: str) -> Iterator[Entry]:
    for item in collect(raw).items if raw else ():
        if isinstance(item, ToolCall):
            yield _tool(item, base)
        elif isinstance(item, Boundary):
            yield from _boundary(item)
        else:
            yield _said(item)


def _said(item: Prompt | Answer | Message) -> Entry:
    ms, seq = item.ts_ms or 0, item.seq
    if isinstance(item, Message):
        spent = sum(number for number in item.usage.values() if isinstance(number, int))
        what = "answer" if item.final else "message"
        return Entry(what=what, ms=ms, seq=seq, head="Agent", text=item.text, tokens=spent)
    head = f"You, asked: {item.question}" if isinstance(item, Answer) and item.question else "You"
    return Entry(what="prompt", ms=ms, seq=seq, head=head[:_HEAD], text=item.text)


def _boundary(item: Boundary) -> Iterator[Entry]:
    head = "You stopped the agent" if item.interrupted else _BOUNDARIES.get(item.kind)
    if head:
        yield Entry(what="mark", ms=item.ts_ms or 0, seq=item.seq, head=head)


def _tool(call: ToolCall, base: str) -> Entry:
    text = result_text(call.error or call.output)
    head = f"{call.name} {_subject(call)}"
    return Entry(
        what="tool",
        ms=call.ts_ms or 0,
        seq=call.seq,
        head=" ".join((head.replace(base, "") if base else head).split())[:_HEAD],
        text=_clipped(text.replace(base, "") if base else text),
        failed=not call.succeeded,
        tool=call.kind,
        files=tuple(path.removeprefix(base) for path in call.files_changed),
    )


def _subject(call: ToolCall) -> str:
    """Return what says most about a call: its command, its files, or its first argument."""
    given = (value for value in call.input.values() if isinstance(value, str) and value)
    files = (*call.files_changed, *call.files_read)
    return call.command or ", ".join(files) or next(given, "")


def result_text(output: str) -> str:
    """Return what a tool gave back as a person reads it: the texts in it, if it is JSON."""
    if not output.lstrip().startswith(("{", "[")):
        return output
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return output
    return "\n".join(filter(None, _texts(value, depth=4)))


def _texts(value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        yield value.rstrip()
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _texts(each, depth - 1)
    elif isinstance(value, dict) and depth:
        texts = [each for key in ("text", "stdout", "stderr", "content", "output", "result")
                 if (each := value.get(key)) is not None]  # fmt: skip
        if texts:
            yield from _texts(texts, depth - 1)
        else:
            yield from (f"{key}: {' '.join(_texts(each, 1))}" for key, each in value.items())
    elif isinstance(value, int | float):
        yield json.dumps(value)


def _clipped(text: str) -> str:
    if len(text) <= _TEXT:
        return text
    third = _TEXT // 3
    return f"{text[:third]}\n[{len(text) - _TEXT} characters are left out]\n{text[-2 * third :]}"


def _flush(flush: Flush, ms: int) -> Entry:
    events = flush.end_seq - flush.start_seq + 1
    return Entry(
        what="flush",
        ms=ms,
        head=f"{events} events {'distilled' if flush.state == 'completed' else flush.state}",
        text=flush.error or "",
        failed=flush.state in {"failed", "dead"},
    )


def _injection(each: Injection) -> Entry:
    many = "1 memory" if len(each.memories) == 1 else f"{len(each.memories)} memories"
    where = "as the session began" if each.hook == "SessionStart" else "beside the prompt"
    return Entry(
        what="injected",
        ms=each.at_ms,
        head=f"{many} injected {where}",
        tokens=each.tokens,
        memories=each.memories,
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
