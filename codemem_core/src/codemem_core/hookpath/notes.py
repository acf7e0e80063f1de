"""What hooks note of themselves: how long they took, and which memories they told an agent.

On the hook path: `os` and `time` only. A note holds numbers and names of sessions, no text. It is
one `write` to a file that the server reads (`capture/note_reader.py`): 0.01 ms, where a row in the
open database takes 0.7 and can meet a lock (medians of one run).
"""

from __future__ import annotations

import os
import time

from codemem_core import paths
from codemem_core.hookpath import json as quick_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_BYTES = 1_000_000
"""Nobody reads what is longer: no server has run for weeks."""


def beginning() -> float:
    """Return when this process began, on the clock of `time.monotonic`, seconds.

    Up to here it has done nothing but compute: loaded the interpreter and its modules.
    """
    return time.monotonic() - time.process_time()


def note(db: str, *, began: float, **fields: Any) -> None:  # noqa: ANN401 - JSON values
    """Note that a hook of the database `db` is done; says nothing when that fails.

    `fields`: `source`, `hook`, and for what was told `stream_id`, `project`, `tokens`, `ids`.
    """
    took_ms = round(1000 * (time.monotonic() - began), 1)
    line = quick_json.write({"at_ms": time.time_ns() // 1_000_000, "took_ms": took_ms, **fields})
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    path = paths.hook_notes_path(db)
    try:
        if os.path.exists(db):
            paths.make_private_folder(os.path.dirname(path))
        fd = paths.open_private(path, flags=flags)
        try:
            if os.fstat(fd).st_size < MOST_BYTES:
                os.write(fd, line.encode("utf-8", "replace") + b"\n")
        finally:
            os.close(fd)
    except OSError:
        return
