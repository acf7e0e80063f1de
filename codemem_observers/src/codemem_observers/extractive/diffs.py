"""Edits of any host as changed lines: unified diffs, patches, old and new strings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from codemem_core.records.evidence import ToolUse
from codemem_observers.extractive.edits import MAX_LINES, FileChange

_PATH_KEYS = ("file_path", "filePath", "path", "notebook_path", "filename", "file", "target_file")
_OLD_KEYS = ("old_string", "oldString", "old_str", "old")
_NEW_KEYS = ("new_string", "newString", "new_str", "new", "content", "file_text", "new_source")
_PATCH_KEYS = ("patchText", "patch", "input", "diff", "command")
_BEGIN = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$")
_MOVE = re.compile(r"^\*\*\* Move to: (.+)$")
_DIFF_FILE = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?([^\t\n]+)")
# How the evidence marks that a diff was too long; what the tool was told is whole.
_CLIPPED = "characters left out"


def read_changes(use: ToolUse, *, patch: str = "") -> list[FileChange]:
    """Return the changes one edit made; several for a patch of several files.

    `patch` is the patch when it came on a command line.
    """
    text = use.output if "\n@@" in f"\n{use.output}" else ""
    if _CLIPPED in text and _first(use.input, _OLD_KEYS):
        text = ""
    patch = patch or _first(use.input, _PATCH_KEYS)
    path = _first(use.input, _PATH_KEYS)
    if "*** Begin Patch" in patch or "\n*** Update File: " in patch:
        changes = list(_from_patch(patch))
    elif text:
        changes = list(_from_diff(text, path))
    elif "\n@@" in f"\n{patch}":
        changes = list(_from_diff(patch, path))
    else:
        changes = list(_from_input(use, path))
    for change in changes:
        change.seqs.append(use.seq)
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
        whole.moved_to = change.moved_to or whole.moved_to
        whole.seqs += change.seqs
    return list(by_path.values())


def _from_input(use: ToolUse, path: str) -> Iterator[FileChange]:
    edits = use.input.get("edits")
    parts = edits if isinstance(edits, list) else [use.input]
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        old, new = _first(part, _OLD_KEYS), _first(part, _NEW_KEYS)
        if not old and not new:
            continue
        before, after = Counter(old.splitlines()[:MAX_LINES]), Counter(new.splitlines()[:MAX_LINES])
        yield FileChange(
            path,
            created=not old and _says_created(use, new),
            added=_without(new.splitlines()[:MAX_LINES], before & after),
            removed=_without(old.splitlines()[:MAX_LINES], before & after),
        )
    if not edits and not _first(use.input, _OLD_KEYS + _NEW_KEYS):
        yield FileChange(path)


def _says_created(use: ToolUse, content: str) -> bool:
    """Say whether a write made the file: the host says so, or answers with the whole content."""
    told = use.output[:200].lower()
    return (
        "created" in told
        or "create" in use.name
        or (len(content) > 4 and content[:80] in use.output)
    )


def _from_patch(patch: str) -> Iterator[FileChange]:
    change: FileChange | None = None
    for line in patch.splitlines()[: MAX_LINES * 4]:
        if begin := _BEGIN.match(line):
            if change:
                yield change
            change = FileChange(begin[2].strip(), begin[1] == "Add", begin[1] == "Delete")
        elif change and (move := _MOVE.match(line)):
            change.moved_to = move[1].strip()
        elif change and line[:1] == "+":
            change.added.append(line[1:])
        elif change and line[:1] == "-":
            change.removed.append(line[1:])
    if change:
        yield change


def _from_diff(diff: str, path: str) -> Iterator[FileChange]:
    change, old = FileChange(path), ""
    in_hunk = False
    for line in diff.splitlines()[: MAX_LINES * 4]:
        if line.startswith("@@"):
            in_hunk = True
        elif line.startswith("--- ") and (not in_hunk or line.startswith("--- a/")):
            if change.added or change.removed:
                yield change
            old, in_hunk = _diff_path(line), False
        elif line.startswith("+++ ") and not in_hunk:
            new = _diff_path(line)
            named = new if new != "/dev/null" else old
            change = FileChange(path or named, old == "/dev/null", new == "/dev/null")
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


def _first(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((v for key in keys if isinstance(v := values.get(key), str) and v), "")
