"""Memories bound to the code: which files they name, as they were when it was written.

Git's own hash of a file's content and the commit that was checked out, both read from files. Git
is never run: a repository's settings, hooks and filters can run commands.

On the hook path: `os` beside apsw; hashes only for a file whose size or time changed.
"""

from __future__ import annotations

import os
import re
import time

from codemem_core.hookpath import json as quick_json
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    import apsw

    from codemem_core.retrieval.hit import Hit

FIELD = "code"
"""Where a memory's metadata keeps what `code_of` returns."""
BUDGET_S = 0.002
"""What looking at the files of one pack may take."""
_FILES = 8
_MAX_BYTES = 1_000_000
"""A larger file is no source; its size and time must do."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REF = re.compile(r"ref: (refs/[\w./-]{1,200})\s*")

CHANGED, GONE = "file changed since", "file is gone"


def code_of(root: str, paths: Iterable[str]) -> dict[str, Any]:
    """Return the state of the files below `root` and its commit; empty when none is there.

    `{"commit": "567c533…", "files": {"vat.py": [hash, size, mtime_ns]}}`; `commit` only in a
    repository.
    """
    files = {}
    for path in list(dict.fromkeys(paths))[:_FILES]:
        place = _inside(root, path)
        state = _state(place) if place else None
        if place and state:
            files[path] = [_blob(place, state[0]), *state]
    if not files:
        return {}
    commit = commit_of(root)
    return {"files": files} | ({"commit": commit} if commit else {})


def commit_of(folder: str) -> str:
    """Return the commit checked out in the repository around a folder; empty when none is."""
    git = _git_folder(folder)
    if not git:
        return ""
    head = _text(os.path.join(git, "HEAD"))
    ref = _REF.fullmatch(head)
    if ref is None:
        return _whole_commit(head)
    common = _text(os.path.join(git, "commondir")).strip()
    shared = os.path.normpath(os.path.join(git, common)) if common else git
    return _whole_commit(_text(os.path.join(shared, ref[1]))) or _packed(shared, ref[1])


_BOUND = """
    SELECT m.id, m.metadata -> '$.code', s.cwd
      FROM memories m JOIN sessions s ON s.id = m.session_id
     WHERE m.id IN (SELECT value FROM json_each(?)) AND m.metadata -> '$.code' IS NOT NULL
"""


def stale(
    db: apsw.Connection,
    ids: Iterable[int],
    *,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = time.monotonic,
) -> dict[int, str]:
    """Return of each memory whose code is no more what it was: `CHANGED` or `GONE`.

    What cannot be told, because its folder is on another machine or time is up, is left out.
    """
    until = clock() + budget_s
    found = {}
    for memory_id, code, root in rows(db, _BOUND, (quick_json.write(list(ids)),)):
        if clock() > until:
            break
        if root and os.path.isdir(root):
            note = _compared(root, quick_json.read(code), lambda: clock() > until)
            if note:
                found[memory_id] = note
    return found


def gone_last(db: apsw.Connection, hits: list[Hit], *, budget_s: float = BUDGET_S) -> list[Hit]:
    """Note on each hit what became of its files; those about a file that is gone come last."""
    notes = stale(db, (hit.id for hit in hits), budget_s=budget_s)
    for hit in hits:
        hit.code = notes.get(hit.id, "")
    return sorted(hits, key=lambda hit: hit.code == GONE)


def _compared(root: str, code: Mapping[str, Any], is_late: Callable[[], bool]) -> str:
    note, files = "", code.get("files")
    for path, known in files.items() if isinstance(files, dict) else ():
        place = _inside(root, path)
        if place is None or is_late():
            continue
        state = _state(place)
        if state is None:
            return GONE
        # Same size and time: the same file. Else its content decides; a checkout sets the time.
        if list(state) != known[1:] and _blob(place, state[0]) != known[0]:
            note = CHANGED
    return note


def _inside(root: str, path: str) -> str | None:
    """Return where a file is, unless its path leads out of the root."""
    place = os.path.normpath(os.path.join(root, path))
    return place if place.startswith(os.path.normpath(root) + os.sep) else None


def _state(place: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(place)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def _blob(place: str, size: int) -> str:
    """Return git's hash of a regular file's content; empty when it is too large to read."""
    if size > _MAX_BYTES or not os.path.isfile(place) or os.path.islink(place):
        return ""
    import hashlib  # noqa: PLC0415 - 2 ms, only where a file changed

    try:
        with open(place, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError:
        return ""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def _git_folder(folder: str) -> str:
    """Return the git folder of the working tree around a folder; empty when there is none."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return git
        marker, _, target = _text(git).partition(":")
        if marker == "gitdir" and not target.strip().startswith(("//", "\\\\")):
            return os.path.normpath(os.path.join(folder, target.strip()))
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


def _packed(git: str, ref: str) -> str:
    for line in _text(os.path.join(git, "packed-refs"), 1_000_000).splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return _whole_commit(commit)
    return ""


def _whole_commit(text: str) -> str:
    text = text.strip()
    return text if _COMMIT.fullmatch(text) else ""


def _text(place: str, most: int = 4096) -> str:
    try:
        with open(place, encoding="utf-8", errors="replace") as file:
            return file.read(most)
    except (OSError, ValueError):
        return ""
