"""Memories as lines and as a page of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from codemem_cli.display.terminal import (
    cells,
    columns,
    cut,
    for_a_person,
    padded,
    styled,
    wrapped,
)
from codemem_cli.display.times import age, moment

if TYPE_CHECKING:
    from codemem_core.records.memory import Memory

COLOURS = {
    "bugfix": "red",
    "change": "cyan",
    "decision": "magenta",
    "discovery": "yellow",
    "feature": "green",
    "preference": "bright_magenta",
    "refactor": "blue",
}
"""The colour of a kind; the other kinds have none."""
_NAMES = {"session_summary": "summary"}
_ORIGINS = {
    "user": "you",
    "assistant": "the agent's own words",
    "tool_repo": "files of the repository",
    "tool_exec": "output of a command",
    "agent": "a note by an agent",
    "teammate": "a teammate",
    "external": "the web or an MCP server",
    "import": "an import",
}
"""Where the words of a memory come from."""
_PROJECT = 16
"""Columns that the name of a project may take in a line."""


def kind_name(kind: str) -> str:
    """Return a kind as people read it."""
    return _NAMES.get(kind, kind)


def lines(found: Sequence[Memory], *, now_ms: int, projects: bool) -> Iterator[str]:
    """Yield a line for each memory: id, age, kind, project, title.

    On a terminal a title is cut to fit; elsewhere a line is whole. `projects` shows whose each is.
    """
    wide = max((len(str(memory.id)) for memory in found), default=1)
    kinds = max((len(kind_name(memory.kind)) for memory in found), default=1)
    names = [memory.project or "-" for memory in found] if projects else []
    place = min(max(map(cells, names), default=0), _PROJECT)
    for memory in found:
        start = [
            styled(f"{memory.id:>{wide}}", colour="yellow"),
            styled(f"{age(memory.created_ms, now_ms=now_ms):>3}", dim=True),
            styled(kind_name(memory.kind).ljust(kinds), colour=COLOURS.get(memory.kind)),
        ]
        if place:
            start.append(styled(padded(memory.project or "-", place), dim=True))
        note = _note(memory)
        taken = wide + 3 + kinds + place + 2 * len(start)
        title = " ".join(memory.title.split())
        if for_a_person():
            title = cut(title, max(columns() - taken - cells(note), 20))
        is_old = memory.outdated_by is not None
        yield "  ".join([*start, styled(title, dim=is_old)]) + styled(note, dim=True)


def _note(memory: Memory) -> str:
    """Return what else there is to know of a memory in a list."""
    if memory.outdated_by is not None:
        return f"  (outdated by {memory.outdated_by})"
    if memory.held:
        return "  (waits for review)"
    return "  (pinned)" if memory.pinned else ""


def page(memory: Memory, *, now_ms: int, code: str | None) -> Iterator[str]:
    """Yield a memory in full: title, where it comes from, text, facts, files.

    `code` says what became of the files it names, if anything did.
    """
    for line in wrapped(memory.title):
        yield styled(line, bold=True)
    kind = styled(kind_name(memory.kind), colour=COLOURS.get(memory.kind))
    rest = [memory.project, f"{moment(memory.created_ms)} ({_ago(memory, now_ms)})"]
    rest += [memory.source and f"{memory.source}, session {memory.session_id}"]
    yield " · ".join([kind, *(styled(part, dim=True) for part in rest if part)])
    yield from (styled(line, colour="yellow") for line in _standing(memory))
    for text in dict.fromkeys((memory.body, memory.narrative)):
        if text and text != memory.title:
            yield ""
            yield from _text(text)
    yield from _listed("Facts", [f"- {fact}" for fact in memory.facts])
    paths = dict.fromkeys([*memory.files_modified, *memory.files_read])
    yield from _listed(f"Files ({code})" if code else "Files", list(paths))
    yield ""
    again = f", found in {memory.support} sessions" if memory.support > 1 else ""
    vouched = ", confirmed by you" if memory.confirmed else ""
    words = f"Source: {_ORIGINS.get(memory.origin, memory.origin)}{vouched}{again}."
    yield styled(words, dim=True)


def _text(text: str) -> Iterator[str]:
    """Yield a text line by line; headings of Markdown stand out."""
    for line in text.splitlines():
        is_heading = line.startswith("#")
        for part in wrapped(line.lstrip("# ") if is_heading else line) if line else [""]:
            yield styled(part, bold=is_heading)


def _ago(memory: Memory, now_ms: int) -> str:
    old = age(memory.created_ms, now_ms=now_ms)
    return "just now" if old == "now" else f"{old} ago"


def _standing(memory: Memory) -> Iterator[str]:
    """Yield what keeps a memory out of prompts, or on top of lists."""
    if not memory.active:
        yield "Forgotten: it is in no search and no prompt."
    if memory.outdated_by is not None:
        yield f"Outdated by memory {memory.outdated_by}."
    if memory.held:
        yield "Waits for you: no prompt gets it until you decide (codemem review)."
    if memory.pinned:
        yield "Pinned."


def _listed(title: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield ""
        yield styled(title, bold=True)
        for text in texts:
            yield from map(styled, wrapped(text, indent="  "))
