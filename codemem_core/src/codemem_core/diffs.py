"""Unified diffs, made from what hosts say of an edit.

A source fills `tool_output` of an edit with one. Every file has its two header lines; `/dev/null`
as the old or the new name means that the file was created or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

NOWHERE = "/dev/null"
_SECTIONS = {
    "*** Add File: ": "added",
    "*** Update File: ": "updated",
    "*** Delete File: ": "deleted",
}
_MOVED = "*** Move to: "


def replaced(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the diff of a file in which each old text gave way to a new one."""
    hunks = ("\n".join(["@@", *_marked("-", old), *_marked("+", new)]) for old, new in pairs)
    return "\n".join([_header(path, path), *hunks])


def written(path: str, content: str, *, created: bool) -> str:
    """Return the diff of a file that was written as a whole."""
    lines = _marked("+", content)
    count = f"@@ -0,0 +1,{len(lines)} @@"
    return "\n".join([_header(NOWHERE if created else path, path), count, *lines])


def from_hunks(path: str, hunks: Iterable[str], *, created: bool = False) -> str:
    """Return hunks that name no file as the diff of `path`."""
    return "\n".join([_header(NOWHERE if created else path, path), *hunks])


def patched_files(patch: str) -> list[str]:
    """Return the paths that an `apply_patch` text names, those of moved files included."""
    marks = (*_SECTIONS, _MOVED)
    named = [
        line.partition(": ")[2].strip() for line in patch.splitlines() if line.startswith(marks)
    ]
    return list(dict.fromkeys(named))


def from_patch(patch: str) -> str:
    """Return the unified diff of an `apply_patch` text."""
    return "\n".join(_from_patch(patch.splitlines()))


def _from_patch(lines: list[str]) -> Iterator[str]:
    for line, after in zip_longest(lines, lines[1:], fillvalue=""):
        mark = next((mark for mark in _SECTIONS if line.startswith(mark)), None)
        if mark is not None:
            path = line.removeprefix(mark).strip()
            target = after.removeprefix(_MOVED).strip() if after.startswith(_MOVED) else path
            what = _SECTIONS[mark]
            old = NOWHERE if what == "added" else path
            yield _header(old, NOWHERE if what == "deleted" else target)
            if what == "added":
                yield "@@"
        elif line[:1] in {"+", "-", " ", "@"}:
            yield line


def _header(old: str, new: str) -> str:
    return f"--- {old}\n+++ {new}"


def _marked(mark: str, text: str) -> list[str]:
    return [mark + line for line in text.splitlines()]
