"""Prompts and closing replies of a stretch, word for word, as they are searched and quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import apsw

from codemem_core.distil.forgotten import holds_forgotten
from codemem_core.distil.provenance.judge import Judge
from codemem_core.distil.provenance.session import SessionWords
from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.records.memory import Memory
from codemem_core.retrieval.pack.prompt_text import split
from codemem_core.store import events, messages
from codemem_core.store.tokenize import hidden_words

TEXT_CHARS = 8_000
"""What is kept of one message."""
_PAGE = 200
"""Events looked through in one transaction when the server catches up."""
_PASTED_CHARS = 2_000

Row = tuple[int, str, str, int, str, str]


def add(db: apsw.Connection, stream: int, found: Sequence[Row], *, last: int) -> None:
    """Make the messages of a stretch findable, in the transaction that stores its memories."""
    messages.add(db, stream, _wanted(db, stream, found))
    messages.read_until(db, stream, last)


def catch_up(db: apsw.Connection) -> bool:
    """Add the messages of events flushed before there was a table for them, some at a time.

    Return whether there may be more.
    """
    waiting = messages.unread(db)
    if waiting is None:
        return False
    stream, source, stream_id, first, flushed = waiting
    last = min(flushed, first + _PAGE - 1)
    raw = events.page(db, stream, first=first, last=last, key=StreamKey(source, stream_id))
    earlier = events.outside_before(db, stream, first, key=StreamKey(source, stream_id))
    judge = Judge(SessionWords.of(raw, earlier=earlier).carriers)
    messages.add(db, stream, _wanted(db, stream, rows_of(raw, judge)))
    messages.read_until(db, stream, last)
    return True


def hide(db: apsw.Connection, memory: Memory) -> None:
    """Quote no message that says what a forgotten memory said; call it once that is buried."""
    for message_id, text in messages.with_words(db, memory.title, project=memory.project):
        if holds_forgotten(db, text, project=memory.project):
            messages.forget(db, message_id)


def _wanted(db: apsw.Connection, stream: int, found: Iterable[Row]) -> list[Row]:
    """Return the messages that say nothing a person had forgotten."""
    project = messages.project_of(db, stream)
    return [row for row in found if not holds_forgotten(db, row[4], project=project)]


def rows_of(raw: Sequence[RawEvent], judge: Judge) -> Iterator[Row]:
    """Yield (seq, role, origin, at_ms, text, words) of each message; no text that is empty.

    Replies that a tool follows are left out: they narrate. What one repeats of a page or another
    outside source is a message of its own, with that origin; `judge` tells which.
    """
    told = sorted(raw, key=lambda event: (event.ts_ms or 0, event.seq))
    for at, event in enumerate(told):
        kind, text = _text_of(event)
        if kind == "prompt":
            typed, pasted = split(text)
            names = hidden_words(pasted[:_PASTED_CHARS])
            yield from _row(event, "prompt", event.origin, typed, names)
        elif kind == "assistant" and _closes(told[at + 1 :]):
            own, repeated = judge.parted(text)
            yield from _row(event, "reply", event.origin, own)
            yield from _row(event, "reply", "external", repeated)


def _row(event: RawEvent, role: str, origin: str, text: str, names: str = "") -> Iterator[Row]:
    text = text.strip()[:TEXT_CHARS]
    if text:
        words = " ".join(filter(None, [hidden_words(text), names]))
        yield event.seq, role, origin, event.ts_ms or 0, text, words


def _text_of(event: RawEvent) -> tuple[str, str]:
    text = event.common.get("text")
    return event.common_type, text if isinstance(text, str) else ""


def _closes(later: Sequence[RawEvent]) -> bool:
    """Say whether a reply is no narration between two tools."""
    kinds = (kind for kind, _ in map(_text_of, later))
    return next(kinds, "") not in {"tool_call", "tool_result"}
