"""A session read as a story: runs of tools folded, what came of it in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codemem_core.store.stories import Story
from codemem_viewer.text import request
from codemem_viewer.timeline import Entry

_STEPS = frozenset({"tool", "message"})
_WORDS = {
    "read": ("read", "reads"),
    "search": ("search", "searches"),
    "edit": ("edit", "edits"),
    "run": ("command", "commands"),
    "fetch": ("page fetched", "pages fetched"),
    "ask": ("question", "questions"),
    "agent": ("agent started", "agents started"),
}
_OTHER = ("other tool", "other tools")
_SHOWN_FILES = 4


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive tool calls, with what the agent said between them."""

    entries: Sequence[Entry]
    head: str
    """What they were: `12 reads, 3 edits`."""
    failed: int
    files: Sequence[str]
    """What they changed, the first few."""
    more_files: int
    what: str = "run"

    @property
    def ms(self) -> int:
        """When it began, epoch milliseconds."""
        return self.entries[0].ms

    @property
    def took_ms(self) -> int:
        """How long it went on."""
        return self.entries[-1].ms - self.entries[0].ms


def folded(entries: Iterable[Entry]) -> Iterator[Entry | Run]:
    """Yield the entries with each run of tools folded into one."""
    steps: list[Entry] = []
    for entry in entries:
        if entry.what in _STEPS:
            steps.append(entry)
            continue
        yield from _folded(steps)
        steps = []
        yield entry
    yield from _folded(steps)


def _folded(steps: list[Entry]) -> Iterator[Entry | Run]:
    calls = [step for step in steps if step.what == "tool"]
    if not calls:
        yield from steps
        return
    files = list(dict.fromkeys(path for call in calls if not call.failed for path in call.files))
    failed = sum(call.failed for call in calls)
    more = max(0, len(files) - _SHOWN_FILES)
    yield Run(tuple(steps), _counted(calls), failed, files[:_SHOWN_FILES], more)


def _counted(calls: Iterable[Entry]) -> str:
    counts = Counter(_WORDS.get(call.tool, _OTHER) for call in calls)
    return ", ".join(f"{n} {one if n == 1 else many}" for (one, many), n in counts.items())


# --- what came of a session ----------------------------------------------------------------------


_COMMITS = re.compile(r"(?:^|\. |\n)Commits?: (.+?)\.?(?:\n|$)", re.DOTALL)
_SHA = re.compile(r"\(([0-9a-f]{7,40})\)")
_COMMAND = re.compile(r"/[\w:.-]+(?: .*)?$|<[a-z-]+>", re.DOTALL)
_PLAN = re.compile(r"(?i)implement the following plan:?\s*#*\s*(?:plan: )?")


@dataclass(frozen=True, slots=True)
class Told:
    """A session in one line."""

    story: Story
    title: str
    commits: Sequence[str]
    """Hashes of what was committed; empty strings for commits whose hash is not known."""
    outcome: str
    """`done`, `open` (with next steps), `reverted`, or empty when nothing says it."""
    open_steps: int

    @property
    def length_ms(self) -> int:
        """From the first event to the last."""
        session = self.story.session
        last = self.story.last_ms or session.ended_ms or session.started_ms
        return max(0, last - session.started_ms)


def in_a_line(story: Story) -> Told:
    """Return what a list says of a session."""
    commits = _COMMITS.search(story.completed)
    shas = [sha[:7] for sha in _SHA.findall(commits[1])] if commits else []
    steps = [line for line in story.next_steps.splitlines() if line.strip()]
    return Told(
        story=story,
        title=_title(story),
        commits=shas or ([""] if commits else []),
        outcome=_outcome(story),
        open_steps=len(steps),
    )


def _title(story: Story) -> str:
    """Return the summary's title, else the first request; a bare command says little of it."""
    asked = _PLAN.sub("", story.request or "", count=1)
    if story.title and (
        not asked or _COMMAND.match(asked.strip()) or len(asked) > len(story.title)
    ):
        return story.title.removesuffix(".")
    if asked.strip():
        return request(asked)
    session = story.session
    return f"Session {session.id}" if session.source else "Written by hand"


def _outcome(story: Story) -> str:
    if story.next_steps.strip():
        return "open"
    if "Reverted:" in story.notes and not story.completed:
        return "reverted"
    return "done" if story.completed.strip() else ""
