"""What went into a session's prompts already, so that nothing is injected into it twice.

On the hook path: `os` and `time` only. A small file a session beside the database, because hooks
need no server: it holds numbers, no text.
"""

from __future__ import annotations

import os
import time

from codemem_core import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_BYTES = 64 * 1024
_KEPT_S = 7 * 86_400
_NAME_CHARS = 100


def injected(db: str, stream_id: str) -> frozenset[str]:
    """Return what a session has in its context: memories as `12`, quoted messages as `e34`."""
    try:
        with open(_path(db, stream_id), encoding="ascii") as file:
            return frozenset(file.read(_MOST_BYTES).split())
    except (OSError, ValueError):
        return frozenset()


def note_injected(db: str, stream_id: str, entries: Iterable[str]) -> None:
    """Note entries of a pack as injected; says nothing when that fails."""
    line = "".join(f"{entry}\n" for entry in entries).encode("ascii")
    path = _path(db, stream_id)
    try:
        paths.make_private_folder(os.path.dirname(path))
        fd = paths.open_private(path, flags=os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(fd, line)
        finally:
            os.close(fd)
    except OSError:
        return


def forget_injected(db: str, stream_id: str) -> None:
    """Forget it: the context was compacted or cleared. Files of old sessions go as well."""
    path = _path(db, stream_id)
    oldest_s = time.time() - _KEPT_S
    try:
        with os.scandir(os.path.dirname(path)) as entries:
            old = [entry.path for entry in entries if entry.stat().st_mtime < oldest_s]
        for each in (path, *old):
            os.unlink(each)
    except OSError:
        return  # none yet, or another hook was quicker


def is_held_out(stream_id: str, percent: int) -> bool:
    """Say whether a session is one of the `percent` in a hundred that get nothing on purpose.

    The setting `holdout_percent`; a session always gets the same answer.
    """
    if percent <= 0 or not stream_id:
        return False
    mixed = 2_166_136_261  # FNV-1a: ids that differ in their last letter fall apart
    for byte in stream_id.encode("utf-8", "replace"):
        mixed = (mixed ^ byte) * 16_777_619 & 0xFFFF_FFFF
    return (mixed >> 8) % 100 < percent


def _path(db: str, stream_id: str) -> str:
    folder, name = os.path.split(db)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in stream_id)
    return os.path.join(folder, "run", f"{name}.injected", safe[:_NAME_CHARS] or "_")
