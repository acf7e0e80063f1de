"""What lies in a spool, for people and for the ledger: names and sizes, nothing is opened."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

_NAME = re.compile(r"(\d{19})\.([a-z0-9_-]{1,64})\.([0-9a-f]{8})\.(\d)")
_REFUSED = re.compile(r"(\d{4}-\d\d-\d\d)\.([a-z0-9_-]{1,64})")
_WAITING = ("new", "cur")


@dataclass(frozen=True, slots=True)
class Name:
    """A file's name: when it was written (ns), whose payload, a random part, failures so far."""

    written_ns: int
    source: str
    random: str
    attempts: int
    known: bool = True
    """False for a name we did not give."""

    @classmethod
    def made(cls, source: str, written_ns: int, random: str) -> Self:
        """Return the name of a new file."""
        return cls(written_ns, source, random, 0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name; one we did not give counts as fresh and of source `unknown`."""
        if match := _NAME.fullmatch(text):
            return cls(int(match[1]), match[2], match[3], int(match[4]))
        return cls(time.time_ns(), "unknown", "", 0, known=False)

    def with_attempts(self, attempts: int) -> Self:
        """Return the name after so many failures."""
        return replace(self, attempts=attempts)

    @property
    def day(self) -> str:
        """The UTC day it was written."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.written_ns // 1_000_000_000))

    def __str__(self) -> str:
        """Return the name; names sort by time."""
        return f"{self.written_ns:019}.{self.source}.{self.random}.{self.attempts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStatus:
    """What a spool holds."""

    path: str
    waiting: int
    bytes: int
    oldest_ms: int | None
    """When the longest-waiting payload was written."""
    bad: dict[str, str]
    """Files that were set aside, each with the reason."""
    refused: int
    """Payloads that a full spool did not take."""


def status(path: str) -> SpoolStatus:
    """Look into the spool at `path`; a missing one is empty."""
    waiting = [Name.parse(entry.name) for entry in _entries(path, *_WAITING)]
    reasons = {entry.name: "" for entry in _entries(path, "bad") if not entry.name.endswith(".err")}
    for name in reasons:
        reasons[name] = _first_line(os.path.join(path, "bad", f"{name}.err"))
    return SpoolStatus(
        path=path,
        waiting=len(waiting),
        bytes=size(path)[1],
        oldest_ms=min((name.written_ns // 1_000_000 for name in waiting), default=None),
        bad=reasons,
        refused=sum(_refused(path).values()),
    )


def counts(path: str) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Return what waits, and what was refused or set aside, each by (UTC day, source)."""
    waiting = Counter(_key(entry.name) for entry in _entries(path, *_WAITING))
    bad = Counter(
        _key(entry.name) for entry in _entries(path, "bad") if not entry.name.endswith(".err")
    )
    return waiting, bad + _refused(path)


def anything(path: str) -> bool:
    """Say whether there is anything to drain; costs three looks at mostly empty folders."""
    return any(True for _ in _entries(path, "tmp", *_WAITING))


def size(path: str) -> tuple[int, int]:
    """Return how many files wait and their bytes."""
    sizes = [_size(entry) for entry in _entries(path, *_WAITING)]
    return len(sizes), sum(sizes)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # stored meanwhile
        return 0


def _key(name: str) -> tuple[str, str]:
    parsed = Name.parse(name)
    return parsed.day, parsed.source


def _refused(path: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for entry in _entries(path, "refused"):
        if match := _REFUSED.fullmatch(entry.name):
            found[match[1], match[2]] = _size(entry)
    return found


def _entries(path: str, *folders: str) -> Iterator[os.DirEntry[str]]:
    for folder in folders:
        try:
            with os.scandir(os.path.join(path, folder)) as entries:
                yield from entries
        except (FileNotFoundError, NotADirectoryError):
            continue


def _first_line(path: str) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(500).decode("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ""
