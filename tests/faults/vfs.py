"""Disks that fail: one remembers what was synced, one refuses a write.

Both are SQLite VFSes over the real one and become the default while they are in use, so that the
product opens its files on them without knowing it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
"""Bytes a disk writes in one piece."""

Change = tuple[int, bytes | None]
"""Offset and bytes of a write; or a size and None, which cuts the file."""


@contextmanager
def as_default(vfs: apsw.VFS, name: str) -> Iterator[None]:
    """Open every database on this VFS while the block runs."""
    apsw.set_default_vfs(name)
    try:
        yield
    finally:
        apsw.set_default_vfs("unix")
        vfs.unregister()


@dataclass
class File:
    """What is certainly on the platter, and what the disk still holds in its cache."""

    synced: bytearray = field(default_factory=bytearray)
    cached: list[Change] = field(default_factory=list)
    named: bool = False
    """Its entry in the folder is on the platter too."""
    removed: bool = False
    """Removed, or not yet made again."""
    ghost: bytes | None = None
    """What a removed file of this name held, while its removal is not on the platter."""


class Tape(apsw.VFS):
    """Writes down what SQLite asks of the disk; `acknowledge` puts a mark on the tape."""

    NAME = "tape"

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, Any]] = []
        super().__init__(self.NAME, "unix")

    def acknowledge(self, event_id: str) -> None:
        """Note that somebody was told: this event is on disk."""
        self.entries.append(("ack", event_id, None))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        """Open a file; one that is new begins empty."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if not os.path.exists(path):
            self.entries.append(("create", os.path.basename(path), None))
        return _TapedFile(self.entries, name, flags, os.path.basename(path))

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Remove a file."""
        super().xDelete(filename, syncdir)
        self.entries.append(("delete", os.path.basename(filename), syncdir))


class _TapedFile(apsw.VFSFile):
    def __init__(self, entries: list[Any], name: Any, flags: list[int], short: str) -> None:
        self._entries, self._short = entries, short
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._entries.append(("change", self._short, (offset, bytes(data))))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._entries.append(("change", self._short, (newsize, None)))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._entries.append(("sync", self._short, None))


def cuts(tape: Tape, *, count: int, seed: int) -> Iterator[tuple[dict[str, bytes], set[str]]]:
    """Cut the power `count` times; yield the files a restart finds and what was acknowledged.

    Of what was not synced, each disk sector has arrived, has not, or holds nonsense.
    """
    chance = random.Random(seed)
    moments = sorted(chance.randrange(1, len(tape.entries) + 1) for _ in range(count))
    files: dict[str, File] = {}
    acknowledged: set[str] = set()
    done = 0
    for moment in moments:
        for what, name, detail in tape.entries[done:moment]:
            if what == "ack":
                acknowledged.add(name)
            else:
                _play(files, what, name, detail)
        done = moment
        yield _after_power_cut(files, chance), set(acknowledged)


def _play(files: dict[str, File], what: str, name: str, detail: Any) -> None:
    if what == "delete":
        _remove(files, name, for_sure=detail)
        return
    file = files.setdefault(name, File(named=not name.endswith(("-wal", "-journal"))))
    file.removed = False
    if what == "change":
        file.cached.append(detail)
    elif what == "sync":
        for change in file.cached:
            _apply(file.synced, change)
        file.cached = []
        if not file.named:
            # SQLite syncs the folder with the first sync of a new journal or WAL.
            _sync_folder(files)


def _remove(files: dict[str, File], name: str, *, for_sure: bool) -> None:
    gone = files.pop(name)
    if gone.named and not for_sure:
        files[name] = File(removed=True, ghost=bytes(gone.synced))


def _sync_folder(files: dict[str, File]) -> None:
    for name, file in list(files.items()):
        file.named, file.ghost = True, None
        if file.removed:
            del files[name]


def _apply(content: bytearray, change: Change) -> None:
    start, data = change
    if data is None:
        del content[start:]
        return
    content.extend(bytes(max(0, start - len(content))))
    content[start : start + len(data)] = data


def _after_power_cut(files: dict[str, File], chance: random.Random) -> dict[str, bytes]:
    found = {}
    arrived = chance.choice([0.0, 0.5, 0.9, 1.0])
    for name, file in files.items():
        if not file.named and chance.random() < 0.5:
            if file.ghost is not None:
                found[name] = file.ghost
        elif not file.removed:
            found[name] = _content(file, arrived, chance)
    return found


def _content(file: File, arrived: float, chance: random.Random) -> bytes:
    """Return the file with this share of its unsynced sectors, and nonsense in a few others."""
    content = bytearray(file.synced)
    for start, data in file.cached:
        if data is None:
            if chance.random() < arrived:
                _apply(content, (start, None))
            continue
        for at in range(0, len(data), SECTOR):
            sector = data[at : at + SECTOR]
            if chance.random() < arrived:
                _apply(content, (start + at, sector))
            elif chance.random() < 0.02:
                _apply(content, (start + at, chance.randbytes(len(sector))))
    return bytes(content)


class BadDisk(apsw.VFS):
    """Refuses the n-th write or sync, once or from then on, until it is repaired."""

    NAME = "bad-disk"

    def __init__(self, fail_at: int, error: type[apsw.Error], *, for_good: bool) -> None:
        self.count = 0
        self._fail_at, self._error, self._for_good = fail_at, error, for_good
        super().__init__(self.NAME, "unix")

    def repair(self) -> None:
        """Refuse nothing any more."""
        self._fail_at = 0

    def touch(self) -> None:
        """Count one operation and fail if it is its turn."""
        self.count += 1
        late = self._for_good and self.count > self._fail_at
        if self._fail_at and (self.count == self._fail_at or late):
            raise self._error("planned failure")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        """Open a file of this disk."""
        return _BadFile(self.touch, name, flags)


class _BadFile(apsw.VFSFile):
    def __init__(self, touch: Callable[[], None], name: Any, flags: list[int]) -> None:
        self._touch = touch
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._touch()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._touch()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._touch()
        super().xSync(flags)


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files of a power cut into an empty folder."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
