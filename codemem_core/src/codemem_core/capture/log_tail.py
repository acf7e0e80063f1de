"""A log that a host writes by itself, one JSON object a line: its end, or all of it."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

STILL_OPEN_MS = 10 * 60 * 1000
"""A log that changed a moment ago may belong to a session that goes on."""
MAY_GO_ON = "sessions that changed less than 10 minutes ago: they may still be going on"
"""Counted by what reads a history and leaves them out."""
MAX_LINE_BYTES = 32 * 1024 * 1024
"""A longer line is left out; the largest seen held one tool's output of 1.3 MB."""


def log_records(
    path: str | os.PathLike[str],
    *,
    max_bytes: int = 1 << 20,
    containing: str | Sequence[str] = "",
    skipped: Counter[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the objects in the last `max_bytes` of a log, or in all of it when that is 0.

    Nothing when it cannot be read; a line that is cut, or is no JSON object, is left out. Reads a
    line at a time. `containing`: only objects of lines with this text, or with one of these, which
    saves parsing the others. `skipped` counts what could not be used, by reason.
    """
    skipped = Counter() if skipped is None else skipped
    wanted = [containing] if isinstance(containing, str) else containing
    marks = [text.encode() for text in wanted]
    try:
        with open(path, "rb") as file:
            start = os.fstat(file.fileno()).st_size - max_bytes if max_bytes else 0
            if start > 0:
                file.seek(start - 1)
                _skip_line(file)
            for line in _lines(file, skipped):
                if any(mark in line for mark in marks):
                    yield from _parsed(line, skipped)
    except OSError:
        skipped["unreadable files"] += 1


def closed_logs(
    folders: Iterable[str | os.PathLike[str]],
    pattern: str,
    *,
    since_ms: int = 0,
    skipped: Counter[str] | None = None,
) -> list[Path]:
    """Return the logs below some folders whose sessions have ended, in order of their last change.

    Those without a change since `since_ms` (epoch milliseconds) are left out. `skipped` counts
    those that may still be going on, by that reason.
    """
    until_ms = time.time_ns() // 1_000_000 - STILL_OPEN_MS
    found = []
    for path in (path for folder in folders for path in Path(folder).rglob(pattern)):
        with suppress(OSError):  # hosts delete and move their logs
            found.append((path.stat().st_mtime_ns // 1_000_000, path))
    open_logs = sum(changed_ms >= until_ms for changed_ms, _ in found)
    if skipped is not None and open_logs:
        skipped[MAY_GO_ON] += open_logs
    return [path for changed_ms, path in sorted(found) if since_ms <= changed_ms < until_ms]


def _lines(file: BinaryIO, skipped: Counter[str]) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(file)
            skipped["lines longer than 32 MiB"] += 1
        # A crash leaves NULs where a line should begin.
        elif text := line.strip(b"\0 \t\r\n"):
            yield text


def _skip_line(file: BinaryIO) -> None:
    while (part := file.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


def _parsed(line: bytes, skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    record = None
    with suppress(ValueError, RecursionError):
        record = json.loads(line.decode("utf-8", "replace"))
    if isinstance(record, dict):
        yield record
    else:
        skipped["malformed lines"] += 1
