"""The end of a log that a host writes by itself, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any


def log_records(path: str, *, max_bytes: int = 1 << 20) -> Iterator[dict[str, Any]]:
    """Yield the objects in the last `max_bytes` of a log; nothing when it cannot be read.

    A line that is cut, or is no JSON object, is left out.
    """
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - max_bytes))
            lines = file.read(max_bytes).splitlines()
    except OSError:
        return
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
