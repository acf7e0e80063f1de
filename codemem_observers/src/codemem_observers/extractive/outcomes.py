"""How each piece of work ended: done, reverted, refused, interrupted or open."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from codemem_observers.extractive.commits import Commit
from codemem_observers.extractive.edits import FileChange, identifiers
from codemem_observers.extractive.lexicon import lexicon_of
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.turns import Outcome, Turn
from codemem_observers.extractive.weight import weight

_DISCARD = re.compile(
    r"\bgit(?:\s+-C\s+\S+)?\s+(?:checkout\s+(?:HEAD\s+|\w+\s+)?--\s+|restore\s+(?!--staged)"
    r"|reset\s+--hard|checkout\s+\.)(?P<paths>[^;&|]*)"
)
_REVERT = re.compile(r"\bgit(?:\s+-C\s+\S+)?\s+revert\s+(?:--\S+\s+)*(?P<what>[\w~^]+)")
_SPAN = re.compile(r"`([^`\n]{4,})`")
_UNCOMMIT = re.compile(r"\bgit(?:\s+-C\s+\S+)?\s+reset\s+(?:--\w+\s+)?HEAD[~^](?P<count>\d*)")


class Withdrawn:
    """What was taken back in the course of a session."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        """Name that only stood in lines taken back → when they were."""
        self.lines: list[tuple[int, str]] = []
        """Lines taken back, with when they were."""
        self.standing = ""
        """All lines that were added and stand."""
        self.commits: list[Commit] = []
        """Commits that were reverted, reset or amended."""

    def covers(self, text: str, seq: int) -> bool:
        """Say whether a sentence told what was taken back afterwards."""
        if lexicon_of(text).revert.search(text):
            return False
        if any(seq < at and name in text for name, at in self.names.items()):
            return True
        spans = [span for span in _SPAN.findall(text) if span not in self.standing]
        return any(seq < at and span in line for span in spans for at, line in self.lines)


def judge(turns: list[Turn]) -> Withdrawn:
    """Set each turn's outcome, keep of its changes what stands, and return what does not."""
    withdrawn = _undone_commits(turns)
    fallen = _fallen(turns)
    standing = {id(c) for t in turns for _, c in t.order if isinstance(c, FileChange)} - set(fallen)
    for turn in turns:
        had = bool(turn.changes)
        edits = [c for _, c in turn.order if isinstance(c, FileChange)]
        kept = {c.path for c in edits if id(c) in standing}
        turn.changes = [change for change in turn.changes if change.path in kept]
        turn.outcome = _outcome(turn, had_changes=had, is_last=turn is turns[-1])
    _note_names(turns, fallen, withdrawn)
    return withdrawn


def _outcome(turn: Turn, *, had_changes: bool, is_last: bool) -> Outcome:
    if had_changes and not turn.changes:
        return Outcome.REVERTED
    if turn.broken_off is not None and not turn.is_concluded:
        return turn.broken_off
    if is_last and (turn.request.title or turn.order) and not _is_answered(turn):
        return Outcome.OPEN
    return Outcome.DONE


def _is_answered(turn: Turn) -> bool:
    """Say whether a turn came to an end: a result, or final words that say something."""
    if not turn.final:
        return False
    asks = any(s.words.offer.search(s.text) or s.text.endswith("?") for s in turn.conclusion)
    return bool(turn.changes or turn.commits) or asks or any(map(weight, turn.conclusion))


def _fallen(turns: list[Turn]) -> dict[int, int]:
    """Return the changes (by identity) of which nothing is left, with when they were undone."""
    steps = [(seq, step) for turn in turns for seq, step in turn.order]
    fallen: dict[int, int] = {}
    uncommitted: list[FileChange] = []
    for at, (seq, step) in enumerate(steps):
        if isinstance(step, FileChange):
            uncommitted.append(step)
            if (undone := _undone_by(step, steps[at + 1 :])) is not None:
                fallen[id(step)] = undone
        elif step.commits:
            uncommitted = []
        elif step.ok and (discard := _DISCARD.search(step.core)):
            gone = [c for c in uncommitted if _is_among(c.path, discard["paths"])]
            fallen |= {id(change): seq for change in gone}
    fallen |= _net_nothing([step for _, step in steps if isinstance(step, FileChange)])
    for turn, following in pairwise(turns):
        if following.request.corrects and following.spoken.revert.search(following.request.text):
            edits = [c for _, c in turn.order if isinstance(c, FileChange)]
            fallen |= {id(c): following.prompt_seqs[0] for c in edits}
    return fallen


def _net_nothing(edits: list[FileChange]) -> dict[int, int]:
    """Return all edits of files that are in the end as they were, with when they were."""
    by_path: dict[str, list[FileChange]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    fallen: dict[int, int] = {}
    for of_file in by_path.values():
        net = Counter(line.strip() for edit in of_file for line in edit.added if line.strip())
        net.subtract(line.strip() for edit in of_file for line in edit.removed if line.strip())
        if len(of_file) > 1 and not any(net.values()):
            fallen |= {id(edit): of_file[-1].seqs[0] for edit in of_file}
    return fallen


def _is_among(path: str, paths: str) -> bool:
    named = [one.strip("\"'./") for one in paths.split() if not one.startswith("-")]
    named = [one for one in named if one and one != "HEAD"]
    return not named or any(path.startswith(one) or path.endswith(one) for one in named)


def _undone_by(change: FileChange, later: list[tuple[int, Run | FileChange]]) -> int | None:
    """Return when the last line of a change was taken back, or None when some of it stands."""
    added = Counter(line for line in map(str.strip, change.added) if line)
    removed = Counter(line for line in map(str.strip, change.removed) if line)
    if not added and not removed:
        return None
    for seq, other in later:
        if not isinstance(other, FileChange) or other.path != change.path:
            continue
        if other.deleted:
            return seq
        added.subtract(Counter(map(str.strip, other.removed)))
        removed.subtract(Counter(map(str.strip, other.added)))
        if not +added and not +removed:
            return seq
    return None


def _undone_commits(turns: list[Turn]) -> Withdrawn:
    withdrawn = Withdrawn()
    made: list[Commit] = []
    for run in (run for turn in turns for run in turn.runs):
        if run.ok and (match := _REVERT.search(run.core)):
            head = match["what"].startswith("HEAD")
            named = [c for c in made if c.hash and c.hash.startswith(match["what"][:7])]
            withdrawn.commits += made[-1:] if head else named
        if run.ok and (match := _UNCOMMIT.search(run.core)):
            count = int(match["count"] or 1)
            withdrawn.commits += made[-count:]
            made = made[:-count]
        for commit in run.commits:
            withdrawn.commits += made[-1:] if commit.amends else []
            made = made[:-1] if commit.amends else made
            made.append(commit)
    return withdrawn


def _note_names(turns: list[Turn], fallen: dict[int, int], withdrawn: Withdrawn) -> None:
    edits = [c for turn in turns for _, c in turn.order if isinstance(c, FileChange)]
    standing = [c for c in edits if id(c) not in fallen]
    withdrawn.standing = "\n".join(line for c in standing for line in c.added)
    kept = {name for c in standing for name in identifiers(c.added)}
    paths = {c.path for c in standing}
    for change in edits:
        if id(change) not in fallen:
            continue
        names = set(identifiers(change.added)) - set(identifiers(change.removed)) - kept
        if change.path not in paths:
            names.add(change.path.rpartition("/")[2])
        withdrawn.names |= dict.fromkeys(names, fallen[id(change)])
        withdrawn.lines += [(fallen[id(change)], line) for line in change.added]
