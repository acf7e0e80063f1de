"""A session as turns: what was asked, done and said until something new was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePosixPath

from codemem_core.api import Answer, Boundary, Evidence, EvidenceItem, Message, Prompt, ToolCall
from codemem_observers.extractive.commits import Commit
from codemem_observers.extractive.diffs import merged, read_changes
from codemem_observers.extractive.edits import FileChange
from codemem_observers.extractive.lexicon import Lexicon, lexicon_of
from codemem_observers.extractive.markdown import Statement, statements
from codemem_observers.extractive.requests import Request, read_request
from codemem_observers.extractive.runs import Run, read_run
from codemem_observers.extractive.shell import modified_files, read_paths
from codemem_observers.extractive.titles import telling

MIN_REQUEST = 3
"""Telling words of a request; `you good there?` asks for nothing new."""
MAX_SPOKEN = 400
"""Characters of each prompt that are looked at to find the user's language."""


class Outcome(StrEnum):
    """How a piece of work ended."""

    DONE = "done"
    REVERTED = "reverted"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    OPEN = "open"


@dataclass(slots=True)
class Turn:
    """What was asked and what followed, until something else was asked."""

    request: Request
    spoken: Lexicon
    """The words of the language the user writes."""
    prompt_seqs: list[int] = field(default_factory=list)
    changes: list[FileChange] = field(default_factory=list)
    """What stands of its edits, one entry a file."""
    drafts: list[FileChange] = field(default_factory=list)
    """Files it wrote outside the project, such as a plan."""
    runs: list[Run] = field(default_factory=list)
    reads: dict[str, int] = field(default_factory=dict)
    """Path read → sequence number."""
    said: list[Statement] = field(default_factory=list)
    final: set[int] = field(default_factory=set)
    """Sequence numbers of the messages that ended a turn; others were said between tools."""
    order: list[tuple[int, Run | FileChange]] = field(default_factory=list)
    """Commands and edits in the order they happened."""
    answers: list[Answer] = field(default_factory=list)
    """What the user chose when asked."""
    refused: int = -1
    """Sequence number of the last tool call the user refused."""
    interrupted: int = -1
    """Sequence number of the last tool call, or end, that the user broke off."""
    last: int = -1
    """Sequence number of the last thing that happened."""
    outcome: Outcome = Outcome.DONE
    follow_up: str = ""
    """The last bare go-ahead (`commit`, `push`), in the user's words, as long as it waits."""
    disputed: bool = False
    """What the user said next contradicts it."""
    modified: dict[str, int] = field(default_factory=dict)
    """File that git called modified → sequence number."""

    @property
    def commits(self) -> list[tuple[Commit, Run]]:
        """Return what was committed, with the commands that did."""
        return [(commit, run) for run in self.runs for commit in run.commits]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was asked, done or said."""
        return not (self.request.title or self.order or self.said)

    @property
    def conclusion(self) -> list[Statement]:
        """Return what the last message said that ended the turn."""
        last = max(self.final, default=-1)
        return [s for s in self.said if s.seq == last]

    @property
    def concedes(self) -> bool:
        """Say whether the agent's first words grant that it was wrong before."""
        return bool(self.said) and bool(self.said[0].words.concession.match(self.said[0].text))

    @property
    def draft_title(self) -> str:
        """Return the heading of the last plan the agent wrote down."""
        lines = (line for draft in reversed(self.drafts) for line in draft.added)
        heading = next((line for line in lines if line.startswith("# ")), "")
        return re.sub(r"^#\s+(?:Plan\s*[:—-]\s*)?", "", heading).strip()

    @property
    def is_concluded(self) -> bool:
        """Say whether it changed something and told so, whatever came afterwards."""
        edited = max((seq for change in self.changes for seq in change.seqs), default=-1)
        return 0 <= edited < max(self.final, default=-1)

    @property
    def broken_off(self) -> Outcome | None:
        """How its end was refused or interrupted, or None when something came of it."""
        worked = max((seq for seq, step in self.order if _succeeded(step)), default=-1)
        if self.refused > worked:
            return Outcome.REFUSED
        if self.interrupted > max(worked, *self.final, -1):
            return Outcome.INTERRUPTED
        return None

    def absorb(self, later: Turn) -> None:
        """Take over what a later turn did for the same request."""
        self.prompt_seqs += later.prompt_seqs
        self.changes = merged([*self.changes, *later.changes])
        self.drafts += later.drafts
        self.runs += later.runs
        self.said += later.said
        self.order += later.order
        self.answers += later.answers
        self.final |= later.final
        self.refused = max(self.refused, later.refused)
        self.interrupted = max(self.interrupted, later.interrupted)
        self.last = max(self.last, later.last)
        self.reads = {**later.reads, **self.reads}
        self.modified |= later.modified


def read_turns(evidence: Evidence) -> list[Turn]:
    """Split a session where the user asked for something new; `commit` and `go on` do not."""
    place = _Place(evidence)
    words = lexicon_of("\n".join(prompt.text[:MAX_SPOKEN] for prompt in evidence.prompts()))
    turns = [Turn(Request("", ""), words)]
    for item in evidence.items:
        if isinstance(item, Prompt):
            _prompted(turns, item, words)
        else:
            _happened(turns[-1], item, place)
        turns[-1].last = max(turns[-1].last, item.seq)
    for turn in turns:
        turn.changes = merged(turn.changes)
    turns = _resumed([turn for turn in turns if not turn.is_empty])
    turns = _with_their_commits(turns)
    for turn, following in pairwise(turns):
        turn.disputed = following.request.corrects or following.concedes
    if turns and turns[0].request.corrects:  # there was nothing before it to correct
        turns[0].request = replace(turns[0].request, corrects=False)
    return turns


def _succeeded(step: Run | FileChange) -> bool:
    return isinstance(step, FileChange) or (step.ok and not step.looks)


def _resumed(turns: list[Turn]) -> list[Turn]:
    """Join a turn that was broken off to the next, when that only nudged it on."""
    kept: list[Turn] = []
    for turn in turns:
        before = kept[-1] if kept else None
        nudges = telling(turn.request.title, turn.spoken) < MIN_REQUEST and not turn.request.is_plan
        if before and before.broken_off is Outcome.INTERRUPTED and nudges:
            before.absorb(turn)
        else:
            kept.append(turn)
    return kept


def _with_their_commits(turns: list[Turn]) -> list[Turn]:
    """Join a turn that only committed to the one whose changes it committed."""
    kept: list[Turn] = []
    for turn in turns:
        before = kept[-1] if kept else None
        if turn.commits and not turn.changes and before and before.changes and not before.commits:
            before.absorb(turn)
        else:
            kept.append(turn)
    return kept


def _prompted(turns: list[Turn], prompt: Prompt, words: Lexicon) -> None:
    request = read_request(prompt.text, words, seq=prompt.seq)
    if not request.goes_on and (request.title or not turns[-1].is_empty):
        turns.append(Turn(request, words))
    elif request.goes_on:
        turns[-1].follow_up = request.text
    turns[-1].prompt_seqs.append(prompt.seq)


def _happened(turn: Turn, item: EvidenceItem, place: _Place) -> None:
    if isinstance(item, Message):
        turn.said.extend(statements(item.text, seq=item.seq))
        if item.final:
            turn.final.add(item.seq)
            turn.follow_up = ""
    elif isinstance(item, Answer):
        turn.answers.append(item)
    elif isinstance(item, Boundary):
        turn.interrupted = item.seq if item.interrupted else turn.interrupted
    elif isinstance(item, ToolCall) and item.kind != "memory":
        if item.origin != "external":
            _called(turn, item, place)
        elif item.command:
            _reached_out(turn, item)


def _reached_out(turn: Turn, call: ToolCall) -> None:
    """Take a command that brought in outside text as what the agent did, without that text."""
    run = replace(read_run(call), output="", checks=(), failing=())
    turn.runs.append(run)
    turn.order.append((call.seq, run))


def _called(turn: Turn, call: ToolCall, place: _Place) -> None:
    if call.refused:
        turn.refused = call.seq
    if call.interrupted and not call.refused:
        turn.interrupted = call.seq
    command = call.command or ""
    if command and not _is_patch(command):
        _ran(turn, call, place)
    elif call.succeeded and (command or call.kind == "edit"):
        _edited(turn, read_changes(call, patch=command), place)
    for path in call.files_read:
        if inside := place.relative(path):
            turn.reads.setdefault(inside, call.seq)


def _ran(turn: Turn, call: ToolCall, place: _Place) -> None:
    run = read_run(call)
    turn.runs.append(run)
    turn.order.append((call.seq, run))
    for path in read_paths(run.core):
        if inside := place.relative(path):
            turn.reads.setdefault(inside, call.seq)
    turn.modified |= dict.fromkeys(modified_files(run.core, run.output), call.seq)


def _is_patch(command: str) -> bool:
    return "*** Begin Patch" in command[:2000]


def _edited(turn: Turn, changes: list[FileChange], place: _Place) -> None:
    for change in changes:
        inside = place.relative(change.path)
        if not inside:  # a plan or a scratch file: not the project's
            turn.drafts.append(change)
            continue
        change.path = inside
        turn.changes.append(change)
        turn.order.append((change.seqs[0], change))


class _Place:
    """Where the session ran, to say paths as the project's own."""

    def __init__(self, evidence: Evidence) -> None:
        cwd = evidence.cwd or next((u.cwd for u in evidence.tools() if u.cwd), "") or ""
        parts = PurePosixPath(cwd.replace("\\", "/")).parts
        if evidence.project in parts:
            parts = parts[: parts.index(evidence.project) + 1]
        self._root = "/".join(parts).replace("//", "/") if len(parts) > 1 else ""

    def relative(self, path: str) -> str:
        """Return the path inside the project; nothing for one outside of it."""
        path = path.replace("\\", "/").removeprefix("./")
        if self._root and path.startswith(self._root + "/"):
            return path[len(self._root) + 1 :]
        outside = path.startswith(("/", "~", "../")) or path[1:2] == ":"
        return "" if outside and self._root else path
