"""A session as turns: what was asked, what was done, what was said at the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from pathlib import PurePosixPath

from codemem_core.records.evidence import Answer, Evidence, EvidenceItem, Message, Prompt, ToolCall
from codemem_observers.extractive.diffs import merged, read_changes
from codemem_observers.extractive.edits import FileChange
from codemem_observers.extractive.prose import Statement, statements
from codemem_observers.extractive.requests import Request, read_request
from codemem_observers.extractive.runs import Run, read_run
from codemem_observers.extractive.shell import Commit, modified_files, read_paths

_MAX_COMMAND = 20_000
"""Longer command lines are scripts with text in them."""
_SCRATCH = ("/tmp/", "/var/tmp/", "/var/folders/", "/private/tmp/")  # noqa: S108 - names only


@dataclass(slots=True)
class Turn:
    """What was asked and what followed, until something else was asked."""

    request: Request
    prompt_seqs: list[int] = field(default_factory=list)
    changes: list[FileChange] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    reads: dict[str, int] = field(default_factory=dict)
    """Path read → sequence number."""
    searches: dict[str, int] = field(default_factory=dict)
    said: list[Statement] = field(default_factory=list)
    concluded: set[int] = field(default_factory=set)
    """Sequence numbers of the messages that ended a turn; others were said on the way."""
    order: list[tuple[int, Run | FileChange]] = field(default_factory=list)
    """Commands and edits in the order they happened."""
    answers: list[tuple[str, int]] = field(default_factory=list)
    """What the user chose when asked, as `question: answer`."""
    corrected: str = ""
    """What the user said next, when it corrected this turn."""
    corrects: str = ""
    """What the turn before had been asked, when this one corrects it."""
    modified: dict[str, int] = field(default_factory=dict)
    """File that git called modified → sequence number."""
    commit_covers_more: bool = False
    """Its commit also holds what earlier turns left uncommitted."""

    @property
    def commits(self) -> list[tuple[Commit, int]]:
        """Return what was committed, with sequence numbers."""
        return [(run.commit, run.seq) for run in self.runs if run.commit]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was asked, done or said."""
        return not (self.request.title or self.changes or self.runs or self.said)

    def absorb(self, later: Turn) -> None:
        """Take over what a later turn did for the same request."""
        self.prompt_seqs += later.prompt_seqs
        self.runs += later.runs
        self.said += later.said
        self.order += later.order
        self.answers += later.answers
        self.concluded |= later.concluded
        for mine, others in ((self.reads, later.reads), (self.searches, later.searches)):
            mine.update({key: seq for key, seq in others.items() if key not in mine})
        self.modified |= later.modified


def read_turns(evidence: Evidence) -> list[Turn]:
    """Split a session where the user asked for something new; `commit` and `go on` do not."""
    place = _Place(evidence)
    turns = [Turn(Request("", ""))]
    for item, following in zip_longest(evidence.items, evidence.items[1:]):
        if isinstance(item, Prompt):
            _prompted(turns, item)
        elif item:
            _happened(turns[-1], item, place)
        if isinstance(item, Message) and not isinstance(following, ToolCall):
            turns[-1].concluded.add(item.seq)
    for turn in turns:
        turn.changes = merged(turn.changes)
    return _related([turn for turn in turns if not turn.is_empty])


def _related(turns: list[Turn]) -> list[Turn]:
    """Join or mark turns that have to do with one another: a shared commit, a correction."""
    turns = _with_their_commits(turns)
    uncommitted = False
    if turns and turns[0].request.corrects:
        turns[0].request = replace(turns[0].request, corrects=False)
    for turn in turns:
        turn.commit_covers_more = uncommitted and bool(turn.commits)
        uncommitted = not turn.commits and (uncommitted or bool(turn.changes))
    for turn, following in pairwise(turns):
        if following.request.corrects:
            turn.corrected = following.request.title
            following.corrects = turn.request.title
    return turns


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


def _prompted(turns: list[Turn], prompt: Prompt) -> None:
    request = read_request(prompt.text, seq=prompt.seq)
    if not request.goes_on and (request.title or not turns[-1].is_empty):
        turns.append(Turn(request))
    turns[-1].prompt_seqs.append(prompt.seq)


def _happened(turn: Turn, item: EvidenceItem, place: _Place) -> None:
    if isinstance(item, Message):
        turn.said.extend(statements(item.text, seq=item.seq))
    elif isinstance(item, Answer) and item.question:
        turn.answers.append((f"{item.question.rstrip(' ?:')}: {item.text}", item.seq))
    elif isinstance(item, ToolCall) and item.origin != "external":
        _used(turn, item, place)


def _used(turn: Turn, use: ToolCall, place: _Place) -> None:
    command = (use.command or "")[:_MAX_COMMAND]
    if command and not _is_patch(command):
        _ran(turn, command, use, place)
    elif not use.succeeded:
        return
    elif command or use.kind == "edit":
        _edited(turn, read_changes(use, patch=command), place)
    elif use.kind == "read":
        for path in filter(None, map(place.relative, use.files_read)):
            turn.reads.setdefault(path, use.seq)
    elif use.kind == "search" and (pattern := _first_text(use)):
        turn.searches.setdefault(pattern, use.seq)


def _ran(turn: Turn, command: str, use: ToolCall, place: _Place) -> None:
    run = read_run(command, use)
    turn.runs.append(run)
    turn.order.append((use.seq, run))
    for path in read_paths(run.core):
        if inside := place.relative(path):
            turn.reads.setdefault(inside, use.seq)
    turn.modified |= dict.fromkeys(modified_files(run.core, run.output), use.seq)


def _edited(turn: Turn, changes: list[FileChange], place: _Place) -> None:
    for change in changes:
        if change.path.startswith(_SCRATCH):
            continue
        change.path = place.relative(change.path) or change.path
        turn.changes.append(change)
        turn.order.append((change.seqs[0], change))


def _is_patch(command: str) -> bool:
    return "*** Begin Patch" in command[:2000]


def _first_text(use: ToolCall) -> str:
    """Return the first argument, which of a search is what was searched for."""
    return next((v for v in use.input.values() if isinstance(v, str) and v), "")


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
