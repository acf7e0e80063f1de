"""One summary a session: that of a new stretch takes up what the one before said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codemem_core.distil.new_memories import SECTIONS, summary_body
from codemem_core.distil.normal_form import sentences
from codemem_core.records.event import ORIGINS
from codemem_core.records.memory import Memory, NewMemory, Summary

_PART_CHARS = 2_000
"""What a section may hold; the oldest goes first, and can be read in the summary it came from."""
_FILES = 100
_LATEST = "notes"
"""The section of which only the latest holds."""
_COVERED = 0.6
"""Share of the words of an open item that tell that a later stretch did it."""
_QUESTION = ("?", "\uff1f")


def rolled_up(new: NewMemory, before: Memory) -> NewMemory:
    """Return the summary of both stretches of a session, the later one's findings first.

    It is called what the session was begun for, and is trusted no more than either.
    """
    is_later = new.created_ms >= before.created_ms
    told = {name: (_told(new, name), _told(before, name)) for _, name in SECTIONS}
    if not is_later:  # a batch that was tried again after later ones
        told = {name: (later, earlier) for name, (earlier, later) in told.items()}
    parts: dict[str, Any] = {
        name: _joined(*both, both_hold=name != _LATEST) for name, both in told.items()
    }
    parts["next_steps"] = _next_steps(told)
    parts["request"] = _joined(*reversed(told["request"]), both_hold=True)
    hypothesis = [*new.metadata.get("hypothesis", ()), *before.metadata.get("hypothesis", ())]
    evidence = {*new.metadata.get("evidence", ()), *before.metadata.get("evidence", ())}
    return replace(
        new,
        title=before.title if is_later else new.title,
        body=summary_body(Summary(**parts)),
        files_read=union(new.files_read, before.files_read),
        files_modified=union(new.files_modified, before.files_modified),
        tags=union(new.tags, before.tags)[:20],
        origin=min(new.origin, before.origin, key=ORIGINS.index),
        confidence=min(new.confidence, before.confidence),
        created_ms=max(new.created_ms, before.created_ms),
        metadata={
            **new.metadata,
            **parts,
            "evidence": sorted(evidence),
            **({"hypothesis": hypothesis} if hypothesis else {}),
        },
    )


def has_sections(summary: Memory) -> bool:
    """Say whether a summary came from an observer, section by section."""
    return any(_told(summary, name) for _, name in SECTIONS)


def _told(memory: NewMemory | Memory, name: str) -> str:
    text = memory.metadata.get(name, "")
    return text.strip() if isinstance(text, str) else ""


def _next_steps(told: Mapping[str, tuple[str, str]]) -> str:
    """Return what the later stretch left open, and of the earlier one what nothing has done since.

    A later stretch without a request of its own went on with the same work: its word is the last.
    """
    later, earlier = told["next_steps"]
    if not told["request"][0]:
        return later
    since = [told[name][0] for name in ("completed", "learned", "request")]
    done = {word for sentence in sentences(since) for word in sentence}
    left = [line for line in earlier.splitlines() if not _is_closed(line, done)]
    return _joined(later, "\n".join(left), both_hold=True)


def _is_closed(item: str, done: set[str]) -> bool:
    """Say whether an open item is a question, which the user has gone past, or was done since."""
    words = {word for sentence in sentences([item]) for word in sentence if len(word) > 2}
    return item.rstrip().endswith(_QUESTION) or len(words & done) >= _COVERED * len(words)


def _joined(first: str, second: str, *, both_hold: bool) -> str:
    """Return both texts, each line once, as far as they fit."""
    if first and not both_hold:
        return first
    lines: list[str] = []
    known: set[object] = set()
    room = _PART_CHARS
    for line in f"{first}\n{second}".splitlines():
        said = sentences([line])
        if not said or said in known or len(line) >= room:
            continue
        known.add(said)
        lines.append(line)
        room -= len(line) + 1
    return "\n".join(lines) or first[:_PART_CHARS]


def union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries of both, each once, at most 100."""
    return tuple(dict.fromkeys([*one, *other]))[:_FILES]
