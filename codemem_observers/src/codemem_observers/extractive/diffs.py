"""Edits as changed lines, read from unified diffs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from codemem_core.api import ToolCall, diffs
from codemem_observers.extractive.edits import MAX_LINES, FileChange

_DIFF_FILE = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?([^\t\n]+)")


def read_changes(call: ToolCall, *, patch: str = "") -> list[FileChange]:
    """Return the changes one edit made; several for a patch of several files.

    `patch` is the patch when it came on a command line.
    """
    diff = diffs.from_patch(patch) if patch else call.output
    path = call.files_changed[0] if len(call.files_changed) == 1 else ""
    changes = [change for change in _from_diff(diff, path) if change.path]
    for change in changes:
        change.seqs.append(call.seq)
    return changes


def merged(changes: list[FileChange]) -> list[FileChange]:
    """Join the changes of each file; lines that came and went again cancel out."""
    by_path: dict[str, FileChange] = {}
    for change in changes:
        whole = by_path.setdefault(change.path, FileChange(change.path, created=change.created))
        kept = Counter(whole.added)
        gone = Counter(line for line in change.removed if kept[line])
        whole.added = _without(whole.added, gone) + change.added
        whole.removed += _without(change.removed, gone & kept)
        whole.deleted = change.deleted
        whole.moved_to = change.moved_to or whole.moved_to
        whole.seqs += change.seqs
    return list(by_path.values())


def _from_diff(diff: str, path: str) -> Iterator[FileChange]:
    change, old, named = FileChange(path), "", False
    lines = diff.splitlines()[: MAX_LINES * 4]
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if line.startswith("--- ") and following.startswith("+++ "):
            if named:
                yield change
            old, named = _diff_path(line), True
        elif old and line.startswith("+++ "):
            change, old = _opened(old, _diff_path(line), path), ""
        elif line[:1] == "+":
            change.added.append(line[1:])
        elif line[:1] == "-":
            change.removed.append(line[1:])
    yield change


def _opened(old: str, new: str, path: str) -> FileChange:
    """Return the change of the file that two header lines name."""
    created, deleted = old == diffs.NOWHERE, new == diffs.NOWHERE
    moved_to = new if old != new and not (created or deleted) else ""
    return FileChange(path or (new if created else old), created, deleted, moved_to)


def _diff_path(line: str) -> str:
    match = _DIFF_FILE.match(line)
    return match[1].strip() if match else ""


def _without(lines: list[str], gone: Counter[str]) -> list[str]:
    left = Counter(gone)
    kept = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            kept.append(line)
    return kept
