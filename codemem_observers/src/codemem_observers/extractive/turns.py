"""A session as turns: what was asked, what was done, what was said at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from pathlib import PurePosixPath

from codemem_core.records.evidence import Evidence, EvidenceItem, Message, Prompt, ToolUse
from codemem_observers.extractive.checks import Check, failing_tests, read_checks, silent_success
from codemem_observers.extractive.edits import FileChange, merged, read_changes
from codemem_observers.extractive.prose import Statement, clip, statements
from codemem_observers.extractive.requests import Request, read_request
from codemem_observers.extractive.shell import (
    Commit,
    commits,
    core,
    failed_quietly,
    hides_exit_code,
    modified_files,
    only_looks,
    read_commit,
    read_paths,
)

_EDITS = re.compile(r"edit|write|patch|replace|create_file|notebook")
_COMMANDS = re.compile(r"bash|shell|exec|terminal|run_command|run_terminal_cmd")
_READS = re.compile(r"^(?:read|view|cat|read_file|open_file)")
_SEARCHES = re.compile(r"^(?:grep|glob|search|codebase_search|find|list|ls)")
_QUESTIONS = re.compile(r"^(?:askuserquestion|question|request_user_input)$")
_ANSWER = re.compile(r"\"([^\"]{4,300})\"\s*[=:]\s*\"([^\"]{1,300})\"")
_OURS = re.compile(r"codemem|^memory_|^mem_")


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ran."""

    command: str
    """As it was typed."""
    core: str
    """Without what only changes how it is shown."""
    ok: bool
    output: str
    checks: tuple[Check, ...]
    failing: tuple[str, ...]
    """Names of the tests that failed."""
    commit: Commit | None
    looks: bool
    """It only printed what is there."""
    seq: int

    @property
    def sure(self) -> bool:
        """Say whether success was measured: no pipe hid the exit code, or a result was printed."""
        return bool(self.checks) or not hides_exit_code(self.command)

    @property
    def purpose(self) -> str:
        """What two runs have in common when they try the same thing."""
        return "git commit" if commits(self.core) else self.core

    @property
    def shown(self) -> str:
        """The command for a sentence, at most 80 characters."""
        return clip(self.purpose, 80).replace("`", "'")


@dataclass(slots=True)
class Turn:
    """What was asked and what followed, until something else was asked."""

    request: Request
    number: int | None = None
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


def read_turns(evidence: Evidence) -> list[Turn]:
    """Split a session where the user asked for something new; `commit` and `go on` do not."""
    place = _Place(evidence)
    turns = [Turn(Request("", ""))]
    for item, following in zip_longest(evidence.items, evidence.items[1:]):
        if isinstance(item, Prompt):
            _prompted(turns, item)
        elif item:
            _happened(turns[-1], item, place)
        if isinstance(item, Message) and not isinstance(following, ToolUse):
            turns[-1].concluded.add(item.seq)
    for turn in turns:
        turn.changes = merged(turn.changes)
    return _related([turn for turn in turns if not turn.is_empty])


def _related(turns: list[Turn]) -> list[Turn]:
    """Note what turns have to do with one another: a shared commit, a correction."""
    uncommitted = False
    for turn in turns:
        turn.commit_covers_more = uncommitted and bool(turn.commits)
        uncommitted = not turn.commits and (uncommitted or bool(turn.changes))
    for turn, following in pairwise(turns):
        if following.request.corrects:
            turn.corrected = following.request.title
    return turns


def _prompted(turns: list[Turn], prompt: Prompt) -> None:
    request = read_request(prompt.text, seq=prompt.seq)
    if not request.goes_on and (request.title or not turns[-1].is_empty):
        turns.append(Turn(request, prompt.number))
    turns[-1].prompt_seqs.append(prompt.seq)


def _happened(turn: Turn, item: EvidenceItem, place: _Place) -> None:
    if isinstance(item, Message):
        turn.said.extend(statements(item.text, seq=item.seq))
    elif isinstance(item, ToolUse) and item.origin != "external" and not _OURS.search(item.name):
        _used(turn, item, place)


def _used(turn: Turn, use: ToolUse, place: _Place) -> None:
    name = use.name.lower().rpartition("__")[2]
    if _COMMANDS.search(name) and (command := _command(use)):
        if _is_patch(command):
            name = "apply_patch"
        else:
            run = _read_run(command, use)
            for path in read_paths(run.core):
                turn.reads.setdefault(place.relative(path) or path, use.seq)
            turn.modified |= dict.fromkeys(modified_files(run.core, run.output), use.seq)
            turn.runs.append(run)
            turn.order.append((use.seq, run))
            return
    if use.error is not None:
        return
    if _QUESTIONS.match(name):
        turn.answers.extend((answer, use.seq) for answer in _answers(use.output))
    elif _EDITS.search(name):
        for change in read_changes(use):
            change.path = place.relative(change.path)
            turn.changes.append(change)
            turn.order.append((use.seq, change))
    elif _READS.match(name):
        if path := place.relative(_named(use, ("file_path", "filePath", "path", "file"))):
            turn.reads.setdefault(path, use.seq)
    elif _SEARCHES.match(name) and (pattern := _named(use, ("pattern", "query", "regex"))):
        turn.searches.setdefault(pattern, use.seq)


def _answers(output: str) -> list[str]:
    """Return `question: answer` of each question the host put to the user."""
    told = output.rpartition('"answers"')[2]
    return [f"{question.rstrip(' ?:')}: {answer}" for question, answer in _ANSWER.findall(told)]


def _read_run(command: str, use: ToolUse) -> Run:
    output = "\n".join(part for part in (use.output, use.error) if part)
    looks = only_looks(command)
    ok = use.error is None and (looks or not failed_quietly(output))
    checks = [] if looks else read_checks(output)
    ok = ok and all(check.ok for check in checks)
    whole = core(command)
    if ok and not (checks or hides_exit_code(command)) and (silent := silent_success(whole)):
        checks.append(silent)
    commit = read_commit(command, output, ok=ok) if use.error is None else None
    failing = () if looks else failing_tests(output)
    return Run(command, whole, ok, output, tuple(checks), failing, commit, looks, use.seq)


def _command(use: ToolUse) -> str:
    value = next((use.input[k] for k in ("command", "cmd", "script") if use.input.get(k)), "")
    if isinstance(value, Sequence) and not isinstance(value, str):
        words = [str(word) for word in value]
        return words[-1] if len(words) > 2 and words[1] in {"-c", "-lc", "-ic"} else " ".join(words)
    return str(value)


def _is_patch(command: str) -> bool:
    return "*** Begin Patch" in command[:2000]


def _named(use: ToolUse, keys: tuple[str, ...]) -> str:
    return next((v for key in keys if isinstance(v := use.input.get(key), str) and v), "")


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
