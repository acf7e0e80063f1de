"""Edits as changed lines, read from their unified diffs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from codemem_core.records.evidence import ToolCall
from codemem_observers.extractive.edits import MAX_LINES, FileChange

_DIFF_FILE = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?([^\t\n]+)")


def read_changes(call: ToolCall) -> list[FileChange]:
    """Return the changes one edit made; several for a patch of several files."""
    changes = [change for change in _from_diff(call.output) if change.added or change.removed]
    if len(call.files_changed) == 1 and len(changes) <= 1:
        change = changes[0] if changes else FileChange("")
        change.path = call.files_changed[0]
        changes = [change]
    else:
        known = {change.path for change in changes}
        changes += [FileChange(path) for path in call.files_changed if not _named(path, known)]
        for change in changes:
            change.path = next((p for p in call.files_changed if p.endswith(change.path)), "")
    for change in changes:
        change.seqs.append(call.seq)
    return [change for change in changes if change.path]


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
        whole.seqs += change.seqs
    return list(by_path.values())


def _named(path: str, known: set[str]) -> bool:
    return any(path.endswith(one) for one in known)


def _from_diff(diff: str) -> Iterator[FileChange]:
    change, old = FileChange(""), ""
    in_hunk = False
    for line in diff.splitlines()[: MAX_LINES * 4]:
        if line.startswith("@@"):
            in_hunk = True
        elif line.startswith("--- ") and (not in_hunk or line.startswith(("--- a/", "--- /"))):
            yield change
            change, old, in_hunk = FileChange(""), _diff_path(line), False
        elif line.startswith("+++ ") and not in_hunk:
            new = _diff_path(line)
            named = new if new != "/dev/null" else old
            change = FileChange(named, old == "/dev/null", new == "/dev/null")
        elif in_hunk and line[:1] == "+":
            change.added.append(line[1:])
        elif in_hunk and line[:1] == "-":
            change.removed.append(line[1:])
    yield change


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
